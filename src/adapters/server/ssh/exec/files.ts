import { rejected } from '#domain/errors.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import { SUMS_NAME, sumsLine } from '#protocol/tar.ts'
import { tooManyDownloads } from '../refusals.ts'
import { namedFiles, sumsOf } from '../sftp/names.ts'
import type { RunContext } from './context.ts'

/** Writes a file of the room to the output: by its name or the first digits of its id, the newest of several. A folder is a tar. */
export async function getFile({ channel, member, holder, parts }: RunContext, wanted: string): Promise<void> {
  const { client, session } = member
  if (wanted === SUMS_NAME) {
    channel.write(sumsOf(namedFiles(session.files)))
    return
  }
  const newest = session.files.toSorted((one, other) => other.at - one.at)
  const whole = newest.flatMap((each): WholeFile[] => (each.status === 'whole' ? [each.file] : []))
  const found = wantedFile(whole, wanted)
  if (typeof found === 'string') throw new Refused(found === 'none' ? noSuchFile : severalFiles)
  const place = parts.downloads.take(holder, channel)
  if (place === undefined) throw new Refused(tooManyDownloads)
  try {
    for await (const piece of session.download(found.id)) {
      place.moved()
      void client.charge(0)
      await channel.taken(piece)
      if (channel.destroyed) return
    }
    member.served(found, 0, found.size)
  } finally {
    place.release()
  }
}

/** Sends the input into the room as a file, and prints its digest as `sha256sum` does. What a lost connection leaves may be gone on with by `sftp`. */
export async function putFile({ channel, member, uploader }: RunContext, name: string): Promise<void> {
  const { client, session } = member
  const transfer = accepted(await session.createTransfer({ name }, uploader))
  if (!(transfer instanceof TransferActor)) throw new Error('a file without a digest is in the room already')
  const writing: Writing = accepted(await transfer.write(0))
  try {
    for await (const piece of channel.iterator({ destroyOnReturn: false })) {
      void client.charge(0)
      accepted(await writing.append(piece))
    }
  } catch (error) {
    await writing.pause()
    throw error
  }
  if (channel.destroyed) {
    await writing.pause()
    return
  }
  const file = accepted(await writing.finish())
  channel.write(sumsLine(file.sha256, file.name))
}

function accepted<T>(answer: T): Exclude<T, { readonly code: unknown }> {
  if (typeof answer === 'object' && answer !== null && 'code' in answer) throw new Refused(answer as never)
  return answer as never
}

const noSuchFile = rejected('NO_SUCH_FILE', 'no one file is called so, or has an id that begins so; ls lists them')
const severalFiles = rejected('NO_SUCH_FILE', 'several files have an id that begins so; write more of it')
