import type { ActorLimits } from '#domain/room/actor.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { Entry, Joined, Left, Member, OfferedFile, RoomEvent, Said, WholeFile } from '#domain/room/events.ts'
import { isVisibleTo, ownVisibility } from '#domain/room/visibility.ts'

export const AT = 1_790_000_000_000
export const MAX_TEXT_BYTES = 64
export const RECEIPTS_PER_FILE = 8

export const ani: Member = { id: 'm1', name: 'ani' }
export const budi: Member = { id: 'm2', name: 'budi' }
export const cici: Member = { id: 'm3', name: 'cici' }
export const dedi: Member = { id: 'm4', name: 'dedi' }

export const offered: OfferedFile = { id: 'f1', name: 'see-saw.mp3', size: 3 }
export const whole: WholeFile = { id: 'f1', name: 'see-saw.mp3', size: 3, sha256: 'ab'.repeat(32) }

export const joined = (by: Member): Joined => ({ type: 'joined', by })
export const left = (by: Member): Left => ({ type: 'left', by, reason: 'left' })
export const said = (seq: number, text = `line ${seq}`, by = ani): Said => ({ type: 'said', seq, at: AT, by, text })

/** Somebody who reads, as a session does. */
export function reading({ id, role }: Member) {
  const reader = { id, isOperator: role !== undefined }
  return {
    id,
    sees: (event: RoomEvent) => isVisibleTo(event, reader),
    visibleIn: (batch: Batch) => ownVisibility(batch, id, () => reader),
  }
}

export const limits: ActorLimits = {
  maxTextBytes: MAX_TEXT_BYTES,
  receiptsPerFile: RECEIPTS_PER_FILE,
  mailboxCommands: 8,
  mailboxChars: 1000,
  commitCommands: 100,
  commitChars: Number.POSITIVE_INFINITY,
}

export const seqsOf = (events: readonly RoomEvent[]): number[] =>
  events.filter((event): event is Entry => 'seq' in event).map(({ seq }) => seq)
export const textsOf = (events: readonly RoomEvent[]): string[] =>
  events.flatMap((event) => ('text' in event ? [event.text] : []))
