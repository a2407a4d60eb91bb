import { describe, expect, it } from 'vitest'
import { Cursors } from '#domain/engine/sharing.ts'
import type { RoomActor } from '#domain/room/actor.ts'
import { initialState } from '#domain/room/state.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { MemorySharedJournal, SharedLog } from '#storage/memory/shared-journal.ts'
import { ManualClock } from '#system/clock.ts'

/** A room that ends at 37 here, where whoever asks has seen 47 at another host. */
function scene() {
  const clock = new ManualClock()
  const journal = new MemorySharedJournal(new SharedLog())
  const log = { isReached: true }
  journal.caughtUp = async () => log.isReached
  const room = { state: { ...initialState('lobby'), last: 37 } } satisfies Pick<RoomActor, 'state'>
  const cursors = new Cursors({ clock, journal })
  const come = async (after: number) => {
    let answer: unknown = 'waits'
    const asking = cursors.reach(room, after).then((why) => {
      answer = why?.code ?? 'goes on'
    })
    const pass = async (ms: number) => {
      for (let passed = 0; passed <= ms; passed += 200) {
        await new Promise((resolve) => setImmediate(resolve))
        if (passed < ms) clock.advance(200)
      }
      return answer
    }
    return { asking, pass }
  }
  return { clock, log, room, come, journal }
}

describe('C127 a reader who has seen more at another host', () => {
  it('given a host that is behind, then they go on once it has caught up, and before that not at all', async () => {
    const { room, come } = scene()
    const { pass } = await come(47)
    expect(await pass(4000)).toBe('waits')
    room.state.last = 47
    expect(await pass(400)).toBe('goes on')
    expect(await (await come(37)).pass(0)).toBe('goes on')
  })

  it('given a host that stays behind for 5 s, then they have to come again, however long the log is not reached', async () => {
    const { log, come } = scene()
    log.isReached = false
    for (let count = 0; count < 5; count++) expect(await (await come(47)).pass(5200)).toBe('BUSY')
  })

  it('given a log that says for 15 s that it ends before, then their history was lost, and they begin with what there is', async () => {
    const { come } = scene()
    const answers = []
    for (let count = 0; count < 3; count++) answers.push(await (await come(47)).pass(5200))
    expect(answers).toEqual(['BUSY', 'BUSY', 'goes on'])
    expect(await (await come(48)).pass(5200)).toBe('BUSY')
  })

  it('given a host of its own, then it knows all that there is', async () => {
    const room = { state: { ...initialState('lobby'), last: 37 } }
    const cursors = new Cursors({ clock: new ManualClock(), journal: new MemoryJournal() })
    expect(await cursors.reach(room, 47)).toBeUndefined()
  })
})
