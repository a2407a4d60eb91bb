import { checkRoomName } from '../../../../domain/names/room-name.ts'
import type { LineCommand } from './command.ts'

export const join: LineCommand = {
  word: 'join',
  usage: '/join room',
  help: 'go to another room; it is made when it is not there',
  async run(peer, rest) {
    const room = checkRoomName(rest.trim())
    if (typeof room !== 'string') await peer.refuse(room)
    else if (room === peer.session?.room) await peer.say(`* you are in ${room} already`)
    else await peer.join(room)
  },
}
