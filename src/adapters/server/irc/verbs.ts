import { ASKING } from './asking.ts'
import type { IrcConnection } from './connection.ts'
import { HISTORY } from './history.ts'
import { LOGIN } from './login.ts'
import { MONITOR } from './monitor.ts'
import { REGISTERING } from './registering.ts'
import { isRoomCommand, ROOMS, runRoomCommand } from './rooms.ts'
import { TALKING } from './talking.ts'
import type { Verb } from './verb.ts'

/** Every command of IRC that is understood, by its word. */
const VERBS: ReadonlyMap<string, Verb<IrcConnection>> = new Map(
  Object.entries({ ...REGISTERING, ...TALKING, ...ROOMS, ...ASKING, ...LOGIN, ...HISTORY, ...MONITOR }),
)

const roomCommand: Verb<IrcConnection> = { least: 0, isOfRooms: true, run: runRoomCommand }

export const verbNamed = (word: string): Verb<IrcConnection> | undefined =>
  VERBS.get(word) ?? (isRoomCommand(word) ? roomCommand : undefined)
