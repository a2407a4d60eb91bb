import { describe, expect, test } from 'vitest'
import type { Member } from '#domain/room/events.ts'
import { type Row, rowsOf } from '#web/timeline/rows.ts'
import type { Item } from '#web/timeline/timeline.ts'
import { AT, ani, budi, cici, joined, said, whole } from '../../harness/people.ts'

const GROUP_MS = 60_000
const DAY_MS = 86_400_000
let keys = 0

const came = (by: Member, at = AT): Item => ({ ...joined(by), key: `p${++keys}`, at })
const went = (by: Member, kickedBy?: Member): Item => ({
  type: 'left',
  by,
  reason: 'too loud',
  ...(kickedBy === undefined ? {} : { kickedBy }),
  key: `p${++keys}`,
  at: AT,
})
const rows = (items: readonly Item[], divider?: number) => rowsOf(items, divider, GROUP_MS)
const types = (all: readonly Row[]) => all.map(({ type }) => type)
const presence = (all: readonly Row[]) => all.flatMap((row) => (row.type === 'presence' ? row.presence : []))

describe('the rows of a timeline', () => {
  test('have a head where somebody else speaks, or the same one later', () => {
    const items = [said(1), said(2), said(3, 'x', budi), { ...said(4, 'y', budi), at: AT + GROUP_MS }]
    const heads = rows(items).flatMap((row) => (row.type === 'talk' ? row.headed : []))
    expect(heads).toEqual([true, false, true, true])
  })

  test('mark each day once', () => {
    const items = [said(1), said(2), { ...said(3), at: AT + DAY_MS }, came(budi, AT + 2 * DAY_MS)]
    expect(types(rows(items))).toEqual(['day', 'talk', 'talk', 'day', 'talk', 'day', 'presence'])
  })

  test('divide what was read from what is new, if anything above it was read', () => {
    const items = [said(1), said(2), said(3)]
    expect(types(rows(items, 2))).toEqual(['day', 'talk', 'talk', 'divider', 'talk'])
    expect(types(rows(items, 0))).toEqual(['day', 'talk', 'talk', 'talk'])
    expect(types(rows(items, 3))).toEqual(['day', 'talk', 'talk', 'talk'])
  })

  test('fold comings and goings between two messages, whoever was away for a moment among them', () => {
    const all = rows([said(1), went(ani), came(ani), came(budi), came(cici), went(cici), said(2)])
    expect(types(all)).toEqual(['day', 'talk', 'presence', 'talk'])
    expect(presence(all)).toMatchObject([{ joined: ['budi'], left: [], passed: ['cici'] }])
    expect(types(rows([said(1), went(ani), came(ani), said(2)]))).toEqual(['day', 'talk', 'talk'])
  })

  test('always tell who was sent out, and by whom', () => {
    const all = rows([came(budi), went(budi, ani), came(budi)])
    expect(presence(all)).toMatchObject([{ joined: ['budi'], kicked: [{ name: 'budi', by: 'ani', why: 'too loud' }] }])
  })

  test('show a file where the last thing happened to it, and no receipts', () => {
    const stamp = (seq: number) => ({ seq, at: AT, by: ani })
    const { id, name } = whole
    const items: Item[] = [
      { type: 'fileOffered', ...stamp(1), file: { id, name } },
      said(2),
      { type: 'fileCompleted', ...stamp(3), file: whole },
      { type: 'fileReceived', ...stamp(4), file: whole },
    ]
    expect(rows(items).map(({ type, key }) => [type, key])).toEqual([
      ['day', expect.anything()],
      ['talk', 'e2'],
      ['files', `g${id}`],
    ])
  })

  test('gather the files of one person in the order in which they were offered, under the head of what they said', () => {
    const file = (seq: number, id: string, type: 'fileOffered' | 'fileCompleted', by = ani): Item => ({
      ...{ type, seq, at: AT, by },
      file: { ...whole, id },
    })
    const items = [
      said(1),
      file(2, 'a', 'fileOffered'),
      file(3, 'b', 'fileOffered'),
      file(4, 'b', 'fileCompleted'),
      file(5, 'a', 'fileCompleted'),
      file(6, 'c', 'fileCompleted', budi),
      said(7, 'x', budi),
    ]
    const found = rows(items).flatMap((row) =>
      row.type === 'files' ? [[row.key, row.headed, row.entries.map((entry) => entry.file.id).join()]] : [],
    )
    expect(found).toEqual([
      ['ga', false, 'a,b'],
      ['gc', true, 'c'],
    ])
    const last = rows(items).at(-1)
    expect(last?.type === 'talk' && last.headed).toBe(false)
  })

  test('B15: say what happened in its order, and nothing of somebody who was started again under the same name', () => {
    const host = { id: 'h1', name: 'host' }
    const all = rows([said(1), went(host), came({ id: 'h2', name: 'host' }), went(budi), came(cici)])
    expect(presence(all)).toMatchObject([{ joined: ['cici'], left: ['budi'], isLeftFirst: true }])
  })
})
