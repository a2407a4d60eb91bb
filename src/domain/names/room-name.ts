import { type Rejected, rejected } from '../errors.ts'
import { spellingFault, withoutJoiners } from './nick.ts'

const MAX_BYTES = 64

/**
 * The name of the room that `raw` asks for: in lower case (`#Lobby` is `lobby`) and without joiners, because its name is all that
 * identifies a room. Otherwise BAD_ROOM with the remedy. Spelled like a nick, so it is neither a path nor a pattern (C66); words
 * reserved for nicks are free. At most 64 bytes.
 */
export function checkRoomName(raw: string): string | Rejected {
  const asked = raw.startsWith('#') ? raw.slice(1) : raw
  // Lower case can be longer (İ), so everything is checked after it. Past twice the
  // bytes no form is short enough, and normalising a long run of marks takes quadratic time.
  const name = asked.length > 2 * MAX_BYTES ? asked : withoutJoiners(asked.toLowerCase().normalize('NFC'))
  const fault = spellingFault(name, MAX_BYTES)
  return fault === undefined ? name : rejected('BAD_ROOM', `This room name cannot be used: ${fault}.`)
}
