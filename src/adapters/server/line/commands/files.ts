import { rejected } from '#domain/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { COSTS, priceOfItems } from '#server/connection/rate-limit.ts'
import { fileLine } from '#server/connection/wording.ts'
import type { Caller, LineCommand } from './command.ts'
import { sayPortions } from './say-portions.ts'

/** How much of it has come, where that was told. */
const share = (arrived: number | undefined, size: number | undefined): string =>
  arrived === undefined || !size ? '' : `: ${Math.floor((100 * arrived) / size)} %`

export const files: LineCommand = {
  word: 'files',
  usage: '/files [links|inline]',
  help: 'the files of the room; or how they reach you',
  async run(caller, rest) {
    const mode = rest.trim()
    if (mode === 'links' || mode === 'inline') {
      caller.fileMode = mode
      await caller.say(`* files come ${mode === 'links' ? 'as a line that names them' : 'as bytes, right here'}`)
      return
    }
    if (mode !== '') {
      await caller.refuse(rejected('BAD_COMMAND', `type ${files.usage}`))
      return
    }
    const session = caller.inRoom()
    if (session === undefined) return
    const { files: all, room } = session
    await caller.pay(priceOfItems(COSTS.files, all.length))
    await sayPortions(caller, fileLines(caller, room, all))
  },
}

function* fileLines({ linkOf }: Caller, room: string, files: readonly RoomFile[]): Generator<string> {
  yield `* ${files.length} ${files.length === 1 ? 'file' : 'files'} in ${room}; /get brings one here`
  for (const each of files)
    yield each.status === 'whole'
      ? fileLine(each.by.name, each.file, linkOf)
      : `* ${forTerminal(each.file.name)} from ${forTerminal(each.by.name)} has not all arrived yet${share(each.arrived, each.file.size)}`
}
