import type { LineCommand } from './command.ts'

export const part: LineCommand = {
  word: 'part',
  usage: '/part',
  help: 'leave the room, stay connected',
  async run(peer) {
    const room = peer.session?.room
    await peer.part()
    if (room !== undefined) await peer.say(`* you left ${room}; /join brings you to a room`)
  },
}
