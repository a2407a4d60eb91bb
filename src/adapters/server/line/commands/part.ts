import type { LineCommand } from './command.ts'

export const part: LineCommand = {
  word: 'part',
  usage: '/part',
  help: 'leave the room, stay connected',
  async run(caller) {
    const room = caller.session?.room
    await caller.part()
    if (room !== undefined) await caller.say(`* you left ${room}; /join brings you to a room`)
  },
}
