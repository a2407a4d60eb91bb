import { rejected } from '#domain/errors.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import type { LineCommand } from './command.ts'

export const get: LineCommand = {
  word: 'get',
  usage: '/get file',
  help: 'send me this file now, by its name or id; /files shows them',
  async run(caller, rest) {
    const session = caller.inRoom()
    if (session === undefined) return
    const wanted = rest.trim()
    const newest = session.files.toSorted((one, other) => other.at - one.at)
    const whole = newest.filter(({ status }) => status === 'whole').map(({ file }) => file)
    const named = wantedFile(whole, wanted, 1)
    const found = newest.find(({ file }) => file === named)
    if (found?.status !== 'whole') {
      await caller.refuse(
        rejected('NO_SUCH_FILE', 'no one file is called so, or has an id that begins so; /files lists them'),
      )
      return
    }
    await caller.sendFile(found.by.name, found.file, session)
  },
}
