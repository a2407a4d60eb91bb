import { checkRoomName } from '#domain/names/room-name.ts'
import type { LineCommand } from './command.ts'

export const join: LineCommand = {
  word: 'join',
  usage: '/join room [password]',
  help: 'go to another room; it is made when it is not there',
  async run(caller, rest) {
    // A password may have blanks in it; a room's name has none.
    const [, name = '', password] = /^ *([^ ]*)(?: +(.*[^ ]))? *$/s.exec(rest) ?? []
    const room = checkRoomName(name)
    if (typeof room !== 'string') await caller.refuse(room)
    else if (room === caller.session?.room) await caller.say(`* you are in ${room} already`)
    else await caller.join(room, password)
  },
}
