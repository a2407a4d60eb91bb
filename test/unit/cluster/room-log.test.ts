import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BatchMessage, NO_SEAL } from '#cluster/message.ts'
import { RoomLog } from '#cluster/room-log.ts'

const seal = (of: number): Uint8Array => new Uint8Array(16).fill(of)
const batch = (first: number, last: number, of: number, previous: Uint8Array = NO_SEAL): BatchMessage => ({
  ...{ type: 'batch', commit: `n.i.${of}`, first, last, previous, seal: seal(of), ids: [], entries: new Uint8Array(0) },
})
const KNOWN = { type: 'out', isVoid: false }
const VOID = { type: 'out', isVoid: true }

describe('the log of a room', () => {
  it('takes each batch once, behind the one before', () => {
    const log = new RoomLog(0)
    const [one, two] = [batch(1, 2, 1), batch(3, 3, 2, seal(1))]
    expect(log.judge({ seq: 10, message: one })).toEqual({ type: 'batch', message: one })
    expect(log.judge({ seq: 10, message: one })).toEqual(KNOWN)
    expect(log.judge({ seq: 14, message: two })).toEqual({ type: 'batch', message: two })
    expect([log.at, log.last, log.head]).toEqual([14, 3, seal(2)])
  })
  it('C129 leaves out what does not fit, and goes on behind it', () => {
    const log = new RoomLog(0)
    log.judge({ seq: 1, message: batch(1, 2, 1) })
    for (const [seq, message] of [
      [2, undefined],
      [3, batch(1, 2, 1)],
      [4, batch(2, 4, 9, seal(1))],
      [5, batch(3, 3, 9, seal(7))],
    ] as const)
      expect(log.judge({ seq, message })).toEqual(VOID)
    expect(log.at).toBe(5)
    expect(log.judge({ seq: 6, message: batch(3, 3, 2, seal(1)) })).toMatchObject({ type: 'batch' })
  })
  it('C129 finds a gap without taking anything, unless a trim explains it or it is accepted', () => {
    const late = batch(9, 9, 3, seal(2))
    const log = new RoomLog(2)
    expect(log.judge({ seq: 5, message: late })).toEqual({ type: 'gap' })
    expect([log.at, log.last]).toEqual([0, 2])
    expect(log.judge({ seq: 5, message: late }, 'accepted')).toMatchObject({ type: 'batch' })
    const trimmed = new RoomLog(2)
    expect(trimmed.judge({ seq: 4, message: { type: 'trim', upTo: 8 } })).toEqual({ type: 'trim', upTo: 8 })
    expect(trimmed.judge({ seq: 5, message: late })).toMatchObject({ type: 'batch' })
  })
  it('C133 believes of what comes live only the batch that continues it', () => {
    const log = new RoomLog(0)
    log.judge({ seq: 1, message: batch(1, 2, 1) })
    for (const message of [
      undefined,
      { type: 'trim', upTo: 1 } as const,
      batch(1, 2, 1),
      batch(3, 3, 2, seal(9)),
      batch(4, 4, 2, seal(1)),
    ])
      expect(log.fits(message)).toBe(false)
    expect(log.fits(batch(3, 3, 2, seal(1)))).toBe(true)
    expect(new RoomLog(2).fits(batch(3, 3, 2, seal(1)))).toBe(false)
  })
  it('knows what was here when the process began, and goes on from it', () => {
    const log = new RoomLog(3)
    expect(log.head).toBeUndefined()
    expect(log.judge({ seq: 1, message: batch(1, 2, 1) })).toEqual(KNOWN)
    expect(log.judge({ seq: 2, message: batch(3, 3, 2, seal(1)) })).toEqual(KNOWN)
    expect(log.head).toEqual(seal(2))
    expect(log.judge({ seq: 3, message: batch(4, 4, 3, seal(9)) })).toEqual(VOID)
    log.rewind()
    expect(log.judge({ seq: 2, message: batch(3, 3, 2, seal(1)) })).toEqual(KNOWN)
    expect(log.judge({ seq: 3, message: batch(4, 4, 3, seal(2)) })).toMatchObject({ type: 'batch' })
  })
  it('is the same for two who read the same stream, wherever one of them begins', () => {
    const message = fc.tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 5 }),
    )
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (drafts) => {
        const whole = new RoomLog(0)
        const others: { log: RoomLog; from: number }[] = []
        for (const [index, [first, more, previous]] of drafts.entries()) {
          const placed = {
            seq: index + 1,
            message: batch(first, first + more, index % 6, previous === 0 ? NO_SEAL : seal(previous)),
          }
          const verdict = whole.judge(placed)
          if (verdict.type === 'gap') whole.judge({ ...placed, message: undefined })
          for (const { log } of others) {
            const other = log.judge(placed)
            if (other.type === 'gap') log.judge({ ...placed, message: undefined })
          }
          // A process that was started again reads from its place on, with what is here.
          if (verdict.type === 'batch') others.push({ log: resumed(whole), from: index })
        }
        for (const { log } of others) expect(log.last).toBe(whole.last)
      }),
    )
  })
})

function resumed({ last, head, at }: RoomLog): RoomLog {
  const log = new RoomLog(last)
  if (head !== undefined) log.judge({ seq: at, message: { ...batch(last, last, 0), seal: head } })
  return log
}
