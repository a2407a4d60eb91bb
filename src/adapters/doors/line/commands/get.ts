import { rejected } from '../../../../domain/rejection.ts'
import type { LineCommand } from './command.ts'

export const get: LineCommand = {
  word: 'get',
  usage: '/get id',
  help: 'send me this file now; /files shows the ids',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    const wanted = rest.trim().toLowerCase()
    const [found, another] = session.files.filter((each) => wanted !== '' && each.file.id.startsWith(wanted))
    if (found?.status !== 'whole' || another !== undefined) {
      await caller.refuse(rejected('NO_SUCH_FILE', 'no one file has an id that begins so; /files lists them'))
      return
    }
    await caller.sendFile(found.by.name, found.file, session)
  },
}
