import type { ApiClient } from '#client/api-client.ts'
import type { FileToSave } from '#client/downloader.ts'
import { isRefusal } from '#client/errors.ts'
import type { FileRow } from '#client/http-bodies.ts'
import { listFiles } from '#client/queries.ts'
import type { Retries } from '#client/retries.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { refused } from './failing.ts'
import type { RoomTarget } from './verb.ts'

/** One that was asked for, or why there is none. */
export type Wanted = FileToSave | { readonly name: string; readonly failure: CommandFailed }

/** Which files of a room were meant: by name the newest of that name, by the beginning of its id, all, or else the newest. */
export async function filesWanted(
  api: ApiClient,
  retries: Retries,
  target: RoomTarget,
  names: readonly string[],
  all: boolean,
): Promise<readonly Wanted[]> {
  if (target.file !== undefined) {
    if (names.length === 0 && !all) return [target.file]
    throw new CommandFailed(exitCodes.usage, 'a link is one file; leave out names and --all')
  }
  const found = await retries.until(() => listFiles(api, target.room))
  if (isRefusal(found)) throw refused(target.room, found)
  const files = found.toSorted((one, other) => other.at - one.at)
  if (names.length > 0) return names.map((name) => named(files, name, target.room))
  // Whose sender is away may never be whole: that is waited for only when it was named.
  const coming = files.filter(({ status }) => status !== 'paused')
  if (all) return coming
  const [newest] = coming
  if (newest === undefined)
    throw new CommandFailed(exitCodes.notFound, `there is no file in ${forTerminal(target.room)}`)
  return [newest]
}

function named(files: readonly FileRow[], name: string, room: string): Wanted {
  const found = wantedFile(files, name)
  if (typeof found === 'object') return found
  const why =
    found === 'several'
      ? 'several files begin with this id'
      : `there is no such file in ${room}; tamtam ls shows what there is`
  const code = found === 'several' ? exitCodes.usage : exitCodes.notFound
  return { name, failure: new CommandFailed(code, forTerminal(`${name}: ${why}`)) }
}
