import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import { packEntries, unpackEntries } from '#protocol/journal-format.ts'
import {
  checksumOf,
  isComplete,
  KIND,
  packSums,
  type Row,
  type UncheckedRow,
  verifiedRows,
} from '#storage/sqlite/rows.ts'

const by = { id: 'm1', name: 'ani' }
const ROOM = 'lobby'
const someEntry = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }).map((text) => ({ type: 'said', text }) as const),
  fc.string({ maxLength: 20 }).map((topic) => ({ type: 'topicSet', topic }) as const),
  fc.constant({ type: 'banned', name: 'x' } as const),
)
const someEntries = fc
  .tuple(fc.integer({ min: 1, max: 2 ** 39 }), fc.array(someEntry, { minLength: 1, maxLength: 30 }))
  .map(([first, drafts]) => drafts.map((draft, index): Entry => ({ ...draft, seq: first + index, at: 1.79e12, by })))

function stored(entries: readonly Entry[], ids: string | null = null): Row {
  const bytes = Uint8Array.from(packEntries(new Batch(ROOM, entries)))
  const kind = entries.some(isFact) ? KIND.facts : KIND.chat
  const row = { first: entries[0]!.seq, last: entries.at(-1)!.seq, kind, room: ROOM, ids, bytes }
  return { ...row, checksum: checksumOf(row), sums: packSums(ROOM, bytes) }
}

/** The verified part of the row: nothing in it may differ from the original, and each part must be without a gap. */
function left(row: UncheckedRow, entries: readonly Entry[], room = ROOM): number {
  let count = 0
  let before = 0
  for (const part of verifiedRows(row, room)) {
    const { entries: found } = unpackEntries(room, part.bytes)
    assert.equal(part.checksum, checksumOf(part))
    assert.equal(found.length, part.last - part.first + 1)
    for (const entry of found) {
      assert.ok(entry.seq > before)
      before = entry.seq
      assert.deepEqual(entry, entries[entry.seq - entries[0]!.seq])
    }
    count += found.length
  }
  return count
}

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

describe('C84: each entry of a batch answers for itself', () => {
  test('an intact row is verified as it is, and in another room not at all', () =>
    fc.assert(
      fc.property(someEntries, (entries) => {
        const row = stored(entries)
        expect(isComplete(row, verifiedRows(row, ROOM))).toBe(true)
        expect(verifiedRows(row, 'hall')).toEqual([])
      }),
    ))

  test('a flipped bit anywhere in the entries or in what they answer with costs one of them at most', () =>
    fc.assert(
      fc.property(someEntries, fc.nat(), (entries, where) => {
        const row = stored(entries)
        const lost = { ...row, bytes: flipped(row.bytes, where % (row.bytes.length * 8)) }
        expect(left(lost, entries)).toBeGreaterThanOrEqual(entries.length - 1)
        if (row.sums !== null)
          expect(left({ ...row, sums: flipped(row.sums, where % (row.sums.length * 8)) }, entries)).toBe(entries.length)
      }),
      { numRuns: 500 },
    ))

  test('damage in several of them, a cut or noise costs those it hits, and shows nothing that was not said', () =>
    fc.assert(
      fc.property(
        someEntries,
        fc.array(fc.nat(), { maxLength: 5 }),
        fc.nat(),
        fc.uint8Array(),
        (entries, bits, cut, noise) => {
          const row = stored(entries)
          let { bytes } = row
          for (const bit of bits) bytes = flipped(bytes, bit % (bytes.length * 8))
          expect(left({ ...row, bytes }, entries)).toBeGreaterThanOrEqual(
            row.sums === null ? 0 : entries.length - bits.length,
          )
          left({ ...row, bytes: row.bytes.subarray(0, cut % row.bytes.length) }, entries)
          left({ ...row, bytes: noise }, entries)
          left({ ...row, bytes: noise, sums: noise }, entries)
          left({ ...row, sums: noise, checksum: 0 }, entries)
        },
      ),
    ))

  test('damage in the other columns costs nothing of several', () => {
    const entries = [1, 2, 3].map((seq): Entry => ({ type: 'said', seq, at: seq, by, text: `kata ${seq}` }))
    const row = stored(entries, '[["a",1],["b",3]]')
    const damages: Partial<UncheckedRow>[] = [
      ...[{ room: 'lobbx' }, { room: 7 }, { last: 4 }, { last: 'x' }, { last: null }, { kind: 1 }, { kind: 77 }],
      ...[{ ids: '[["a",1],["b",2]' }, { ids: 5 }, { ids: null }, { checksum: 1 }, { checksum: null }, { sums: null }],
    ]
    for (const damage of damages) expect(left({ ...row, ...damage }, entries), JSON.stringify(damage)).toBe(3)
    expect(verifiedRows({ ...row, checksum: 1 }, ROOM)[0]?.ids).toBe(row.ids)
    // It lies where another row should.
    expect(verifiedRows({ ...row, first: 100 }, ROOM)).toEqual([])
  })

  test('facts that trimming kept are not dense, and answer for themselves all the same', () => {
    const facts = [3, 9, 17].map((seq): Entry => ({ type: 'banned', seq, at: seq, by, name: `n${seq}` }))
    const bytes = Uint8Array.from(packEntries(new Batch(ROOM, facts)))
    const row = { first: 1, last: 20, kind: KIND.kept, room: ROOM, ids: null, bytes }
    const kept = { ...row, checksum: checksumOf(row), sums: packSums(ROOM, bytes) }
    const at = Buffer.from(bytes).indexOf('n9')
    const [found, ...others] = verifiedRows({ ...kept, bytes: flipped(bytes, at * 8) }, ROOM)
    expect(others).toEqual([])
    expect(found).toMatchObject({ first: 1, kind: KIND.kept })
    expect(unpackEntries(ROOM, found!.bytes).entries.map(({ seq }) => seq)).toEqual([3, 17])
  })

  test('rows of before have one checksum, and go on with it', () => {
    const entries = [1, 2].map((seq): Entry => ({ type: 'said', seq, at: seq, by, text: 'halo' }))
    const row = { ...stored(entries), sums: null }
    expect(left(row, entries)).toBe(2)
    expect(left({ ...row, bytes: flipped(row.bytes, 99) }, entries)).toBe(0)
  })

  test('what entries answer with stays as it is: golden', () => {
    const entries = [1, 2].map((seq): Entry => ({ type: 'said', seq, at: 1_790_000_000_000 + seq, by, text: 'halo' }))
    const sums = packSums(ROOM, packEntries(new Batch(ROOM, entries)))
    expect(Buffer.from(sums ?? []).toString('hex')).toBe(GOLDEN)
    expect(packSums(ROOM, packEntries(new Batch(ROOM, entries.slice(1))))).toBeNull()
  })
})

/** A length of 24 bytes, then MurmurHash3 of them with the CRC-32 of the room's name as its seed, lowest byte first. */
const GOLDEN = '1812845a5018803defc8'
