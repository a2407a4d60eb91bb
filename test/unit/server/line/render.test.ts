import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forTerminal } from '#domain/names/text.ts'
import { Batch } from '#domain/room/batch.ts'
import type { Member, RoomEvent, WholeFile } from '#domain/room/events.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { type Lines, portion } from '#server/connection/batch-lines.ts'
import { guardSend, inlineLines, LineRenderer, linkLines } from '#server/line/render.ts'
import { fileUrl, type SignedLinkHolder, SignedLinks } from '#server/security/signed-links.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { ManualClock } from '#system/clock.ts'
import { AT, ani, budi, cici, joined, reading, said, whole } from '../../../harness/people.ts'

const words = translatorFor('en', forTerminal, false)
const kata = translatorFor('id', forTerminal, false)
const GUARDED = 'S\u200bEND'
const textFor = (lines: Lines, member: Member, from?: number, to?: number) =>
  Buffer.concat(portion(lines, reading(member), from, to)).toString()
const linesOf = (...events: readonly RoomEvent[]) => inlineLines(new Batch('lobby', events), words)
const whispered = (seq: number, by: Member, to: Member): RoomEvent => ({
  type: 'whispered',
  seq,
  at: AT,
  by,
  to,
  text: `psst ${seq}`,
})
const completed = (seq: number, by: Member, file: WholeFile = whole): RoomEvent => ({
  type: 'fileCompleted',
  seq,
  at: AT,
  by,
  file,
})

describe('a line for each event', () => {
  const stamp = { seq: 1, at: AT, by: ani }
  const file = { id: whole.id, name: whole.name, size: 3 }
  const table: readonly (readonly [RoomEvent, string])[] = [
    [said(1, 'halo'), '<ani> halo\n'],
    [{ ...stamp, type: 'acted', text: 'waves' }, '* ani waves\n'],
    [whispered(1, ani, budi), '* ani whispers: psst 1\n'],
    [{ ...stamp, type: 'topicSet', topic: 'songs' }, '* ani set the topic: songs\n'],
    [joined(ani), '* ani joined\n'],
    [{ type: 'left', by: ani, reason: 'left' }, '* ani left\n'],
    [{ type: 'left', by: ani, reason: 'connection lost' }, '* ani left (connection lost)\n'],
    [{ type: 'renamed', by: ani, from: 'anita' }, '* anita is now ani\n'],
    [{ ...stamp, type: 'fileOffered', file: { id: 'f1', name: 'a.txt' } }, '* ani is sending a.txt\n'],
    [{ ...stamp, type: 'fileOffered', file }, '* ani is sending see-saw.mp3 (3 B)\n'],
    [{ ...stamp, type: 'fileWithdrawn', file, reason: 'cut' }, '* see-saw.mp3 from ani is gone: cut\n'],
    [{ ...stamp, type: 'fileCompleted', file: whole }, ''],
    [{ ...stamp, type: 'fileReceived', file }, ''],
    [{ type: 'missed', from: 3, to: 12 }, "* 10 lines are missing here: past this room's history, or damaged\n"],
    [{ type: 'missed', from: 3, to: 3 }, "* 1 line is missing here: past this room's history, or damaged\n"],
    [{ type: 'missed', from: 1, to: 4321 }, "* 4321 lines are missing here: past this room's history, or damaged\n"],
    [{ type: 'left', by: ani, reason: 'kicked by budi: loud', kickedBy: budi }, '* ani left (kicked by budi: loud)\n'],
    [{ ...stamp, type: 'acted', text: 'waves\ntwice' }, '* ani waves\n* ani twice\n'],
    [
      { ...stamp, type: 'fileOffered', file: { ...file, audience: { from: ani, to: budi } } },
      '* ani is sending see-saw.mp3 (3 B) to budi only\n',
    ],
    [
      { ...stamp, type: 'fileReceived', file: { ...file, audience: { from: budi, to: ani } } },
      '* ani has see-saw.mp3, verified\n',
    ],
    [{ ...stamp, type: 'opped', to: cici, person: 'p' }, '* ani made cici a moderator\n'],
    [{ ...stamp, type: 'deopped', name: 'cici', person: 'p' }, '* ani removed cici as moderator\n'],
    [{ ...stamp, type: 'muted', name: 'cici' }, '* ani muted cici\n'],
    [{ ...stamp, type: 'muted', name: 'cici', reason: 'loud' }, '* ani muted cici: loud\n'],
    [{ ...stamp, type: 'unmuted', name: 'cici' }, '* ani unmuted cici\n'],
    [{ ...stamp, type: 'banned', name: 'cici', reason: 'loud' }, '* ani banned cici: loud\n'],
    [{ ...stamp, type: 'unbanned', name: 'cici' }, '* ani lifted the ban on cici\n'],
    [{ ...stamp, type: 'locked' }, '* ani locked the room\n'],
    [{ ...stamp, type: 'unlocked' }, '* ani unlocked the room\n'],
    [{ ...stamp, type: 'shutOut', person: 'p' }, ''],
    [{ ...stamp, type: 'collectionStarted' }, '* ani turned hand-in mode on: only moderators see members’ files\n'],
    [{ ...stamp, type: 'collectionEnded' }, '* ani turned hand-in mode off: files are for everyone again\n'],
    [
      { ...stamp, type: 'slowModeSet', seconds: 10 },
      '* slow mode: members may send one message in 10 seconds (set by ani)\n',
    ],
    [{ ...stamp, type: 'expirySet', seconds: 604_800 }, '* files expire 7 days after they came (set by ani)\n'],
    [{ ...stamp, type: 'expirySet', seconds: 0 }, '* files do not expire (set by ani)\n'],
    [{ ...stamp, type: 'slowModeSet', seconds: 0 }, '* slow mode is off (set by ani)\n'],
    [{ ...stamp, type: 'passwordSet' }, '* ani gave the room a password: who comes in from now on needs it\n'],
    [{ ...stamp, type: 'passwordRemoved' }, "* ani took the room's password away\n"],
    [
      { type: 'fileSpaceLow', used: 17e9, quota: 20e9 },
      '* files here have 17 GB of 20 GB: soon the oldest go for newer ones\n',
    ],
    [{ type: 'filesExpiring', files: 3 }, '* 3 files here go within a day\n'],
    [{ type: 'away', by: ani, reason: '' }, '* ani is away\n'],
    [{ type: 'away', by: ani, reason: 'lunch' }, '* ani is away: lunch\n'],
    [{ type: 'back', by: ani }, '* ani is back\n'],
  ]
  for (const [event, line] of table)
    it(`${event.type}: ${line.trimEnd()}`, () => expect(textFor(linesOf(event), budi)).toBe(line))

  it('tells operators of a file that is for them alone', () => {
    const forStaff: RoomEvent = {
      ...stamp,
      type: 'fileOffered',
      file: { ...file, audience: { from: ani, to: 'staff' } },
    }
    expect(linesOf(forStaff).bytes.toString()).toBe('* ani is sending see-saw.mp3 (3 B) to the moderators\n')
  })
  it('is in the language of the server', () => {
    const events = [joined(ani), said(1, 'halo'), completed(2, ani)]
    expect(textFor(linkLines(new Batch('lobby', events), kata), budi)).toBe(
      `* ani masuk\n<ani> halo\n* berkas [f1] see-saw.mp3 dari ani: 3 B, sha256 ${whole.sha256}\n`,
    )
  })
  it('names a whole file, its size, digest and id to who asked for links', () =>
    expect(textFor(linkLines(new Batch('lobby', [completed(1, ani)]), words), budi)).toBe(
      `* file [f1] see-saw.mp3 from ani: 3 B, sha256 ${whole.sha256}\n`,
    ))
  it('tells when a file goes by itself', () => {
    const timed = completed(1, ani, { ...whole, expiresAt: Date.UTC(2026, 11, 1, 4, 11) })
    const lines = (translator: typeof words) => textFor(linkLines(new Batch('lobby', [timed]), translator), budi)
    expect(lines(words)).toContain(`sha256 ${whole.sha256}, gone at 2026-12-01 04:11 UTC\n`)
    expect(lines(kata)).toContain(`sha256 ${whole.sha256}, dihapus pada 2026-12-01 04:11 UTC\n`)
  })
  it('ends in a link for who reached the host at an address, which nothing in a name can break', () => {
    const file = { ...whole, name: 'SEND "a b".mp3?#/..\u202e' }
    const batch = new Batch('lobby', [{ ...stamp, type: 'fileCompleted', file }])
    const text = textFor(
      linkLines(batch, words, (file) => `http://[::1]:8268${fileUrl(file, '')}`),
      budi,
    )
    expect(text).toMatch(/ http:\/\/\[::1\]:8268\/files\/f1\/%53END%20%22a%20b%22.mp3%3F%23%2F..%E2%80%AE\n$/)
    expect(new URL(text.slice(text.indexOf('http')).trim()).pathname.split('/').map(decodeURIComponent)).toEqual([
      '',
      'files',
      'f1',
      file.name,
    ])
  })
  it('is encoded once for each address at which people reached the host', () => {
    const renderer = new LineRenderer(words, new SignedLinks(new MemorySecretStore(), new ManualClock(), 1000), {
      linked: () => undefined,
    })
    const to = (base?: string, holder?: SignedLinkHolder) => renderer.links(base, holder).encoder
    const batch = new Batch('lobby', [completed(1, ani)])
    const [lan, other] = [to('http://192.168.1.5:1'), to('http://10.0.0.1:1')]
    expect(batch.encoded(lan)).toBe(batch.encoded(to('http://192.168.1.5:1')))
    expect(batch.encoded(other)).not.toBe(batch.encoded(lan))
    expect(textFor(batch.encoded(to()), budi)).not.toContain('http')
  })
  it('C57 shows what would act on a terminal, in every place that somebody else wrote', () => {
    const evil = '\x1b[2J\n\u202e'
    const shown = '␛[2J␊<U+202E>'
    const by = { id: 'm9', name: evil }
    const events: readonly RoomEvent[] = [
      said(1, evil),
      { ...stamp, type: 'acted', text: evil, by },
      { ...stamp, type: 'topicSet', topic: evil, by },
      { ...stamp, type: 'whispered', text: evil, by, to: budi },
      { type: 'left', by, reason: evil },
      { type: 'renamed', by, from: evil },
      joined(by),
      { ...stamp, type: 'fileOffered', file: { id: 'f1', name: evil }, by },
      { ...stamp, type: 'fileWithdrawn', file: { id: 'f1', name: evil }, by, reason: evil },
    ]
    for (const event of events) {
      const line = textFor(linesOf(event), budi)
      const isTalk = ['said', 'acted', 'whispered'].includes(event.type)
      for (const each of isTalk ? line.slice(0, -1).split('\n') : [line.slice(0, -1)])
        expect(each, event.type).not.toMatch(/[\x00-\x1f\u202e]/)
      if (event.type !== 'said') expect(line, event.type).toContain(shown)
    }
  })
  it('C62 of a message of several lines has the name before each of them, so that none passes for somebody else', () => {
    const text = 'satu\n<admin> dua\n\n* budi joined \x1b[2J\u2028! x'
    const rows = ['satu', '<admin> dua', '', '* budi joined ␛[2J<U+2028>! x']
    const all = (by: string) => rows.map((row) => `${by}${row}\n`).join('')
    expect(textFor(linesOf(said(1, text)), budi)).toBe(all('<ani> '))
    expect(textFor(linesOf({ ...stamp, type: 'acted', text }), budi)).toBe(all('* ani '))
    const whispers: RoomEvent = { ...stamp, type: 'whispered', text, to: budi }
    expect(textFor(linesOf(whispers), budi)).toBe(all('* ani whispers: '))
    // Each where the other's begins: who wrote one of them gets the other alone.
    const both = linesOf({ ...said(1, text), by: budi }, said(2, text), { ...said(3, 'tiga'), by: budi })
    expect(textFor(both, budi)).toBe(all('<ani> '))
    expect(textFor(linesOf(said(1, 'a SEND b\nSEND c')), budi)).toBe(`<ani> a ${GUARDED} b\n<ani> ${GUARDED} c\n`)
  })
  it('of a message of very many lines is bounded: the rest stands in the last one, and nothing is missing', () => {
    for (const count of [63, 64, 65, 4000]) {
      const text = Array.from({ length: count }, (_, at) => `${at}`).join('\n')
      const rows = textFor(linesOf(said(1, text)), budi)
        .trimEnd()
        .split('\n')
      expect(rows).toHaveLength(Math.min(count, 64))
      expect(rows.map((row) => row.replace('<ani> ', '')).join('␊')).toBe(text.replaceAll('\n', '␊'))
    }
  })
  it('C62 never begins with what somebody wrote', () => {
    for (const [event] of table) expect(textFor(linesOf(event), budi)).toMatch(/^([<*]|$)/)
  })
})

describe('C16 the word that begins a file for the seed', () => {
  it('is broken for inline readers wherever it stands', () => {
    const evil = 'SENDSEND'
    const by = { id: 'm9', name: `x${evil}` }
    const events: readonly RoomEvent[] = [
      { ...said(1, `please SEND a.txt`), by },
      joined(by),
      { type: 'topicSet', seq: 2, at: AT, by, topic: evil },
      { type: 'fileOffered', seq: 3, at: AT, by, file: { id: 'f', name: evil } },
      { type: 'renamed', by: ani, from: evil },
    ]
    const text = textFor(linesOf(...events), budi)
    expect(text).not.toContain('SEND')
    expect(text).toContain(`please ${GUARDED} a.txt`)
    expect(text.replaceAll('\u200b', '')).toBe(textFor(linkLines(new Batch('lobby', events), words), budi))
  })
  it('stays as it is for readers who asked for links', () =>
    expect(textFor(linkLines(new Batch('lobby', [said(1, 'SEND it')]), words), budi)).toBe('<ani> SEND it\n'))
})

describe('a portion', () => {
  it('is the shared bytes themselves for who wrote none of it', () => {
    const lines = linesOf(said(1), said(2, 'b', budi))
    expect(portion(lines, reading(cici))).toEqual([lines.bytes])
    expect(portion(lines, reading(cici))[0]).toBe(lines.bytes)
  })
  it('leaves out the own lines of an author, in few pieces', () => {
    const lines = linesOf(said(1, 'a'), said(2, 'b', budi), said(3, 'c', budi), said(4, 'd'), said(5, 'e', cici))
    expect(portion(lines, reading(ani)).map(String)).toEqual(['<budi> b\n<budi> c\n', '<cici> e\n'])
    expect(portion(lines, reading(budi)).map(String)).toEqual(['<ani> a\n', '<ani> d\n<cici> e\n'])
    expect(portion(lines, reading(budi), 2, 4).map(String)).toEqual(['<ani> d\n'])
    expect(lines.runs).toEqual(
      new Map([
        ['m1', [0, 1, 3, 4]],
        ['m2', [1, 3]],
        ['m3', [4, 5]],
      ]),
    )
  })
  it('is nothing for who wrote all of it', () => expect(portion(linesOf(said(1)), reading(ani))).toEqual([]))
  it('has a whisper for its addressee only', () => {
    const lines = linesOf(said(1, 'a'), whispered(2, ani, budi), said(3, 'c'))
    expect(textFor(lines, budi)).toBe('<ani> a\n* ani whispers: psst 2\n<ani> c\n')
    expect(textFor(lines, cici)).toBe('<ani> a\n<ani> c\n')
    expect(textFor(lines, ani)).toBe('')
  })
  it('is counted in bytes, whatever the script', () => {
    const lines = linesOf(said(1, 'é'), said(2, '😀', budi), said(3, '漢', cici))
    expect(textFor(lines, budi)).toBe('<ani> é\n<cici> 漢\n')
    expect(textFor(lines, cici, 0, 2)).toBe('<ani> é\n<budi> 😀\n')
  })
  it('knows which of its events are whole files', () =>
    expect(linesOf(said(1), completed(2, ani), joined(ani), completed(3, budi)).files).toEqual([1, 3]))
})

describe('many who come or go at once', () => {
  const crowd = (count: number) => Array.from({ length: count }, (_, at) => joined({ id: `c${at}`, name: `c${at}` }))
  it('are told one by one up to eight', () => expect(textFor(linesOf(...crowd(8)), ani).split('\n')).toHaveLength(9))
  it('are told in one line beyond that', () => expect(textFor(linesOf(...crowd(9)), ani)).toBe('* 9 people joined\n'))
  it('are told by what they do, each kind for itself, with what was said in its place', () => {
    const left = crowd(9).map(({ by }) => ({ type: 'left', by, reason: 'left' }) as const)
    expect(textFor(linesOf(...crowd(10), said(1, 'x'), ...left), budi)).toBe(
      '* 10 people joined\n<ani> x\n* 9 people left\n',
    )
    expect(textFor(linesOf(...crowd(3), ...left), ani).split('\n')).toHaveLength(5)
    const renamed = crowd(9).map(({ by }) => ({ type: 'renamed', by, from: '10.0.0.1' }) as const)
    expect(textFor(linesOf(...renamed, ...crowd(9)), ani)).toBe('* 9 people have new names\n* 9 people joined\n')
  })
})

const member = fc.constantFrom(ani, budi, cici)
const text = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 8 }), fc.constant('SEND'))
const event: fc.Arbitrary<RoomEvent> = fc.oneof(
  fc.record({ by: member, text }).map(({ by, text }) => said(1, text, by)),
  fc.record({ by: member, to: member, text }).map((some) => ({ type: 'whispered', seq: 1, at: AT, ...some }) as const),
  fc.record({ by: member }).map(({ by }) => joined(by)),
  fc.record({ by: member }).map(({ by }) => completed(1, by)),
)

it('any portion is what its events are one by one, without the own ones and other people’s whispers', () => {
  const some = { maxLength: 8, size: 'max' } as const
  fc.assert(
    fc.property(fc.array(event, some), member, fc.nat(8), fc.nat(8), (events, reader, one, other) => {
      const [from, to] = [Math.min(one, other, events.length), Math.min(Math.max(one, other), events.length)]
      const expected = events
        .slice(from, to)
        .filter((each) => 'by' in each && each.by !== reader)
        .filter((each) => each.type !== 'whispered' || each.to === reader)
        .map((each) => inlineLines(new Batch('lobby', [each]), words).bytes.toString())
        .join('')
      expect(textFor(linesOf(...events), reader, from, to)).toBe(expected)
    }),
    { numRuns: 300 },
  )
})

it('the word SEND is broken each time, and only it', () =>
  expect(guardSend('SEND send SENDER')).toBe('S\u200bEND send S\u200bENDER'))
