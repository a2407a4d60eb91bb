import { expect } from 'vitest'
import type { RoomCommand } from '#domain/room/commands.ts'
import { decide } from '#domain/room/decide.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { evolve } from '#domain/room/evolve.ts'
import { initialState, type RoomState } from '#domain/room/state.ts'
import { AT, MAX_TEXT_BYTES, RECEIPTS_PER_FILE } from './people.ts'

/** Given what has happened in a room, when someone asks for something, then this comes of it. */
export const given = (...events: readonly RoomEvent[]) => givenState(initialState('lobby'), events)

/** The same in a room whose first member becomes its op. */
export const givenFounded = (...events: readonly RoomEvent[]) => givenState(initialState('den', true), events)

function givenState(state: RoomState, events: readonly RoomEvent[]) {
  for (const event of events) evolve(state, event)
  return {
    state,
    when(by: Member, command: RoomCommand) {
      const before = structuredClone(state)
      const limits = { maxTextBytes: MAX_TEXT_BYTES, receiptsPerFile: RECEIPTS_PER_FILE }
      const decided = decide(state, by, command, { seq: state.last + 1, at: AT, ...limits })
      expect(state, 'deciding changes nothing').toEqual(before)
      return {
        // biome-ignore lint/suspicious/noThenProperty: the third word of given, when, then; nobody awaits it
        then: (event: RoomEvent) => expect(decided).toEqual(event),
        accepted: () => expect(['rejected', 'known']).not.toContain(decided.type),
        /** Be there anything new in it or not. */
        allowed: () => expect(decided).not.toHaveProperty('code'),
        known: (seq: number) => expect(decided).toEqual({ type: 'known', seq }),
        refused: (code: string) => expect(decided).toMatchObject({ type: 'rejected', code }),
      }
    },
  }
}
