import { refusalFor } from '#domain/room/moderation.ts'
import { submissionsOf } from '#domain/room/visibility.ts'
import { COSTS, priceOfItems } from '#server/connection/rate-limit.ts'
import { ROOM_WORDS } from '#server/connection/room-words.ts'
import { submissionLines } from '#server/connection/wording.ts'
import type { LineCommand } from './command.ts'
import { roomWord } from './room-word.ts'

const turning = roomWord(ROOM_WORDS.collect)

/** Turns it on and off; without either, tells what has come. */
export const collect: LineCommand = {
  ...turning,
  async run(caller, rest) {
    if (rest.trim() !== '') return await turning.run(caller, rest)
    const session = caller.inRoom()
    if (session === undefined) return
    const { files, members, member, collectingSince } = session
    const why = refusalFor(member.role ?? 'member', 'startCollection')
    if (why !== undefined) {
      await caller.refuse(why)
      return
    }
    await caller.pay(priceOfItems(COSTS.members, members.length) + priceOfItems(COSTS.files, files.length))
    await caller.say(submissionLines(submissionsOf(files, members, collectingSince)).join('\n'))
  },
}
