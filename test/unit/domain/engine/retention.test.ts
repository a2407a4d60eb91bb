import { describe, expect, it } from 'vitest'
import {
  ClockJumpDetector,
  type EvictionPlan,
  type FileUsage,
  isTooManyAtOnce,
  type KeptFile,
  makeRoom,
  outOfDate,
} from '#domain/engine/retention.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 5, 1)
const limits = { maxFileBytes: 0, hostQuotaBytes: 0, roomQuotaBytes: 100, filesPerHost: 10, fileDays: 30 }

const STAYS = { expiresAt: Number.POSITIVE_INFINITY }

/** Whole files of these sizes, the oldest first, called a, b, c … */
const files = (...sizes: readonly number[]): KeptFile[] =>
  sizes.map((bytes, index) => ({ id: String.fromCharCode(97 + index), bytes, at: NOW - index * DAY, ...STAYS }))

/** Given a room with these files, when one more is wanted, then these go. */
function given(sizes: readonly number[], more: Partial<FileUsage> = {}, caps: Partial<typeof limits> = {}) {
  const whole = files(...sizes)
  const usage = {
    wholeBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    arrivingBytes: 0,
    hostFiles: whole.length,
    storeBytesLeft: Number.POSITIVE_INFINITY,
    storeBound: { of: 'disk' as const, bytes: 0 },
    storeFileBytes: Number.POSITIVE_INFINITY,
    ...more,
  }
  return {
    when: (bytes: number, wanted: Partial<EvictionPlan> = {}) => {
      const decided = makeRoom({ bytes, newBytes: bytes, newFiles: 1, ...wanted }, usage, whole, { ...limits, ...caps })
      return {
        gone: (ids: string) =>
          expect('type' in decided ? decided.code : decided.map(({ id }) => id).join('')).toEqual(ids),
        refused: (code: string) => expect(decided).toMatchObject({ type: 'rejected', code }),
      }
    },
  }
}

describe('C114 for a new file', () => {
  it('nothing goes while there is room, to the last byte', () => given([40, 50]).when(10).gone(''))
  it('the oldest go until it fits, and no more', () => {
    given([40, 50]).when(11).gone('a')
    given([10, 40, 50]).when(50).gone('ab')
    given([10, 40, 50]).when(100).gone('abc')
  })
  it('old is who came first, whatever their time says: the clock may have jumped', () =>
    given([60, 40]).when(60).gone('a'))
  it('that can never fit nothing goes', () => {
    given([40, 50]).when(101).refused('FILE_TOO_LARGE')
    given([40, 50], { storeFileBytes: 20 }).when(21).refused('FILE_TOO_LARGE')
  })
  it('nothing goes where those that are arriving leave it no room', () => {
    given([10], { arrivingBytes: 95 }).when(10).refused('DISK_FULL')
    given([10, 10], { arrivingBytes: 70 }).when(20).gone('a')
  })
  it('one goes where the host has as many files as it may', () => {
    given([0, 0, 0], { hostFiles: 10 }).when(0).gone('a')
    given([0, 0, 0], { hostFiles: 9 }).when(0).gone('')
    given([0, 0, 0], { hostFiles: 10 }).when(0, { newFiles: 0 }).gone('')
  })
  it('none goes where other rooms have them all', () => given([], { hostFiles: 10 }).when(0).refused('TOO_MANY_FILES'))
  it('those of the room go where the vault is full', () => {
    given([5, 5, 5], { storeBytesLeft: 2 }).when(10).gone('ab')
    given([5, 5, 5], { storeBytesLeft: 2 }).when(30, { newBytes: 2 }).gone('')
  })
  it('none goes where they would not be enough for the vault', () =>
    given([5, 5], { storeBytesLeft: 2 }).when(13).refused('DISK_FULL'))
  it('nothing ever goes without limits', () =>
    given([1e12, 1e12], { hostFiles: 1e6 }, { roomQuotaBytes: 0, filesPerHost: 0 }).when(1e12).gone(''))
})

describe('the time of a file', () => {
  it('is over after so many days, and not a moment earlier', () => {
    const [old, young] = [
      { id: 'a', bytes: 1, at: NOW - 30 * DAY - 1, ...STAYS },
      { id: 'b', bytes: 1, at: NOW - 30 * DAY, ...STAYS },
    ]
    expect(outOfDate([old, young], NOW, limits)).toEqual([old])
  })
  it('is never over where no days are given, or before it began', () => {
    const old = { id: 'a', bytes: 1, at: 0, ...STAYS }
    expect(outOfDate([old], NOW, { ...limits, fileDays: 0 })).toEqual([])
    expect(outOfDate([{ ...old, at: NOW + 1000 * DAY }], NOW, limits)).toEqual([])
  })
})

describe('C83 a clock that jumps', () => {
  const elapsed = 5 * DAY
  const watch = (newest: number | undefined = NOW - DAY) => new ClockJumpDetector(NOW, elapsed, newest, limits)

  it('lets no more than a tenth of the files go at once', () => {
    expect([isTooManyAtOnce(1, 10), isTooManyAtOnce(2, 10), isTooManyAtOnce(1, 9), isTooManyAtOnce(10, 100)]).toEqual([
      false,
      true,
      true,
      false,
    ])
  })
  it.each([
    ['ten years on', 3650 * DAY],
    ['ten years back', -3650 * DAY],
    ['a bit more than a day', DAY + 7_200_001],
  ])('is not trusted for a day: %s', (_, jump) => {
    const it = watch()
    expect(it.isWary(NOW + 3_600_000, elapsed + 3_600_000)).toBe(false)
    expect(it.isWary(NOW + jump, elapsed + 7_200_000)).toBe(true)
    expect(it.isWary(NOW + jump + DAY - 3_600_000, elapsed + DAY + 3_600_000)).toBe(true)
    expect(it.isWary(NOW + jump + DAY, elapsed + DAY + 7_200_000)).toBe(false)
  })
  it('by an hour, or while the machine slept for a night, ages few files and is trusted', () => {
    const it = watch()
    expect(it.isWary(NOW + 3_600_000, elapsed)).toBe(false)
    expect(it.isWary(NOW + 13 * 3_600_000, elapsed + 1000)).toBe(false)
  })
  it('while the host was down shows by everything being out of date at once', () => {
    expect(watch(NOW - 31 * DAY).isWary(NOW, elapsed)).toBe(true)
    expect(watch(NOW - 29 * DAY).isWary(NOW, elapsed)).toBe(false)
    expect(watch(undefined).isWary(NOW, elapsed)).toBe(false)
  })
})
