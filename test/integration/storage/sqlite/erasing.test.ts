import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Erasure } from '#domain/room/erasure.ts'
import type { Entry } from '#domain/room/events.ts'
import { inspectJournal } from '#storage/sqlite/inspect.ts'
import type { Store } from '#storage/sqlite/store.ts'
import { append, openStore, quarantines, readStore, said } from './store-under-test.ts'

const by = { id: 'm2', name: 'budi' }
const removed = (seq: number, target: number): Erasure => ({ type: 'messageRemoved', seq, at: seq, by, target })

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tamtam-erasing-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const token = (): string => Array.from({ length: 24 }, () => String.fromCharCode(97 + randomInt(26))).join('')

/** Names of the files that have a token: the search index shortens words that begin like others, so its end counts. */
const filesWith = (tokens: readonly string[]): string[] => {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.flatMap(({ parentPath, name }) => {
    const bytes = readFileSync(join(parentPath, name))
    return tokens.filter((each) => bytes.includes(each.slice(8))).map((each) => `${name}: ${each}`)
  })
}

/** A house of rooms that grow beside each other, so that SQLite moves their rows from page to page. */
class Rooms {
  readonly texts = new Map<string, string[]>()
  readonly #erasures = new Map<string, number>()

  lastOf(room: string): number {
    return this.texts.get(room)?.length ?? 0
  }

  say(store: Store, room: string, messages: number, chars: number): void {
    const texts = this.texts.get(room) ?? []
    this.texts.set(room, texts)
    const first = texts.length + 1
    const entries = Array.from({ length: messages }, (_, index): Entry => {
      const text = token()
      texts.push(text)
      return said(first + index, `${text} ${'kopi '.repeat(randomInt(1, Math.max(2, Math.floor(chars / 5))))}`)
    })
    expect(append(store, room, entries)).toEqual({ status: 'committed' })
  }

  /** Answers the token that is gone. */
  async remove(store: Store, room: string, target: number): Promise<string> {
    const seq = (this.#erasures.get(room) ?? 1_000_000) + 1
    this.#erasures.set(room, seq)
    expect(await store.erase({ room, erasures: [removed(seq, target)] })).toBe('erased')
    return this.texts.get(room)![target - 1] as string
  }
}

const grow = (store: Store, rooms: Rooms, times: number): void => {
  for (let time = 0; time < times; time += 1) {
    const room = `room ${randomInt(12)}`
    rooms.say(store, room, randomInt(1, 6), randomInt(5, 200))
    if (time % 50 === 0) rooms.say(store, room, 30, 900)
    if (time % 7 === 0) store.idleStep()
  }
}

describe('erased text', () => {
  test('is in no file, while the store runs and after it, whatever pages its row was on before', async () => {
    const rooms = new Rooms()
    const gone: string[] = []
    let store = openStore(directory)
    for (let round = 0; round < 3; round += 1) {
      grow(store, rooms, 250)
      for (let time = 0; time < 25; time += 1) {
        const room = `room ${randomInt(12)}`
        const target = randomInt(1, rooms.lastOf(room) + 1)
        const text = rooms.texts.get(room)![target - 1]!
        if (!gone.includes(text)) expect(filesWith([text])).not.toEqual([])
        await rooms.remove(store, room, target)
        gone.push(text)
        expect(filesWith([text])).toEqual([])
        if (time % 10 === 0) grow(store, rooms, 20)
      }
      expect(filesWith(gone)).toEqual([])
      store.close()
      expect(filesWith(gone)).toEqual([])
      store = openStore(directory)
    }
    for (const [room, texts] of rooms.texts) {
      const entries = readStore(store, room)
      expect(entries).toHaveLength(texts.length)
      for (const [index, entry] of entries.entries()) {
        const text = texts[index]!
        if (gone.includes(text)) expect(entry).toMatchObject({ type: 'erased', seq: index + 1, at: index + 1, by })
        else assert(entry.type === 'said' && entry.text.startsWith(text))
        const found = await store.search({ room, words: [text], limit: 10 })
        expect(found).toEqual(gone.includes(text) ? [] : [index + 1])
      }
    }
    store.close()
    expect(inspectJournal(directory)).toMatchObject({ damage: undefined, damagedRows: 0, missing: 0 })
  })

  test('of a journal that an earlier version wrote is gone with its old search index', async () => {
    const rooms = new Rooms()
    let store = openStore(directory)
    grow(store, rooms, 300)
    store.close()
    const db = new DatabaseSync(join(directory, 'journal.db'))
    db.enableDefensive(false)
    db.exec(`DROP TABLE erased; DROP TABLE search; PRAGMA user_version = 2; PRAGMA application_id = ${0x7474_0002};
      CREATE VIRTUAL TABLE search USING fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii', prefix='1 2 3 4 5 6')`)
    const insert = db.prepare('INSERT INTO search (rowid, words) VALUES (?, ?)')
    for (const [index, text] of [...rooms.texts.values()].flat().entries()) insert.run(index + 1, text)
    db.close()
    store = openStore(directory)
    const gone = await rooms.remove(store, 'room 3', 2)
    expect(filesWith([gone])).toEqual([])
    expect(await store.search({ room: 'room 3', words: [rooms.texts.get('room 3')![2]!], limit: 10 })).toEqual([3])
    store.close()
    expect(quarantines(directory)).toEqual([])
  })

  test('of a long batch is gone from its overflow pages, and of a whole room from all of them', async () => {
    const rooms = new Rooms()
    const store = openStore(directory)
    for (const room of ['lobby', 'hall', 'lobby', 'hall']) rooms.say(store, room, 200, 4000)
    while (store.isBehind) store.idleStep()
    const gone = await rooms.remove(store, 'lobby', 57)
    expect(filesWith([gone])).toEqual([])
    const cleared: Erasure = { type: 'cleared', seq: 2_000_000, at: 1, by, upTo: 399 }
    expect(await store.erase({ room: 'lobby', erasures: [cleared] })).toBe('erased')
    const texts = rooms.texts.get('lobby')!
    expect(filesWith(texts.slice(0, -1))).toEqual([])
    expect(filesWith(texts.slice(-1))).not.toEqual([])
    expect(filesWith(rooms.texts.get('hall')!).length).toBeGreaterThanOrEqual(400)
    expect(readStore(store, 'lobby').map(({ type }) => type)).toEqual([...Array(399).fill('erased'), 'said'])
    store.close()
  })
})
