import { askedBy, type RoomWord } from '#server/connection/room-words.ts'
import type { LineCommand } from './command.ts'

/** A word that asks the room for something, and tells whoever typed it that it is done. */
export const roomWord = (word: RoomWord): LineCommand => ({
  word: word.word,
  usage: word.usage,
  help: word.help,
  verb: word.verb,
  async run(caller, rest) {
    const asked = askedBy(word, rest)
    if ('code' in asked) await caller.refuse(asked)
    else if ((await caller.ask(asked.command)) && asked.done !== undefined) await caller.say(`* ${asked.done}`)
  },
})
