import type { Rejected } from '../errors.ts'
import { checkText } from '../names/message-text.ts'
import type { ComeBack, GoAway, Type } from './commands.ts'
import type { Known, Stamp } from './decision.ts'
import type { RoomEvent } from './events.ts'
import type { Member } from './member.ts'
import type { RoomState } from './state.ts'

/** So often at most a room is told that somebody types, and so long that is to be shown. */
const TYPING_EVERY_MS = 3000
const TYPING_FOR_MS = 6000

/** What members tell of themselves; live only. */
export function present(
  state: RoomState,
  by: Member,
  command: GoAway | ComeBack | Type,
  { at, maxTextBytes }: Stamp,
): RoomEvent | Known | Rejected {
  const known: Known = { type: 'known', seq: state.last }
  const { away, ...here } = by
  switch (command.type) {
    case 'away': {
      const { reason = '' } = command
      const text = reason === '' ? '' : checkText(reason, maxTextBytes)
      if (typeof text !== 'string') return text
      return away === text ? known : { type: 'away', by: here, reason: text }
    }
    case 'back':
      return away === undefined ? known : { type: 'back', by: here }
    case 'typing': {
      const last = state.typing.get(by.id)
      const isSoon = last !== undefined && at >= last && at - last < TYPING_EVERY_MS
      return isSoon ? known : { type: 'typing', by, at, forMs: TYPING_FOR_MS }
    }
    default:
      return command satisfies never
  }
}
