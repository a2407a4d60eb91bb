// A process that uploads into a file store and can be killed, traced and made to fail. Says what happens, one line each.
import { DiskFileStore } from '#storage/disk/file-store.ts'
import { SystemClock } from '#system/clock.ts'
import { RandomIds } from '#system/ids.ts'
import { SilentLog } from '#system/log.ts'
import { sampleFile, sampleSize } from './sample-file.ts'

export interface UploaderOptions {
  readonly directory: string
  /** One file of exactly this many bytes, or files without end of at most as many. */
  readonly bytes: number
  readonly endless: boolean
  readonly syncEveryBytes: number
  /** Goes on with this file of exactly `bytes` bytes, or begins it, and says how far it is durable. */
  readonly id?: string
  /** Gives the file a second id. */
  readonly duplicate?: boolean
}

const {
  directory,
  bytes,
  endless,
  syncEveryBytes,
  id: resumed,
  duplicate,
}: UploaderOptions = JSON.parse(process.argv[2] ?? '{}')
const ids = new RandomIds()
const clock = new SystemClock()
const log = new SilentLog()
const fileStore = new DiskFileStore({
  directory,
  clock,
  log,
  syncEveryBytes,
  syncEveryMs: 60_000,
  freeSpaceFloorBytes: 0,
})
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const upload = async (id: string, size: number): Promise<void> => {
  const writer = await fileStore.create(id)
  if ('type' in writer) return say(`refused ${writer.code}`)
  const content = sampleFile(id, size)
  for (let start = 0; start < size; start += 65_536) {
    const refused = await writer.append(content.subarray(start, start + 65_536))
    if (refused) {
      await writer.discard()
      return say(`refused ${refused.code}`)
    }
    if (endless) say('took')
  }
  const digest = await writer.finish()
  if ('type' in digest) await writer.discard()
  say('type' in digest ? `refused ${digest.code}` : `whole ${id} ${digest.sha256}`)
}

const goOn = async (id: string): Promise<void> => {
  const writer = (await fileStore.resume(id, bytes)) ?? (await fileStore.create(id, bytes))
  if ('type' in writer) return say(`refused ${writer.code}`)
  const content = sampleFile(id, bytes)
  say(`durable ${writer.durable}`)
  for (let start = writer.offset; start < bytes; start += 7001) {
    await writer.append(content.subarray(start, start + 7001))
    say(`durable ${writer.durable}`)
  }
  await writer.finish()
  say(`whole ${id}`)
}

const uploadTwice = async (id: string, as: string): Promise<void> => {
  await attempt(id, bytes)
  const refused = await fileStore.duplicate(id, as)
  say(refused ? `refused ${refused.code}` : `duplicate ${as}`)
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
const attempt = (id: string, size: number): Promise<void> =>
  upload(id, size).catch((error: unknown) => say(`failed ${codeOf(error)}`))

const uploadWithoutEnd = async (): Promise<void> => {
  for (let id = ids.next(); ; id = ids.next()) await attempt(id, sampleSize(id, bytes))
}

await fileStore.open()
if (endless) await Promise.all([uploadWithoutEnd(), uploadWithoutEnd(), uploadWithoutEnd()])
if (resumed !== undefined) await goOn(resumed)
else if (duplicate) await uploadTwice(ids.next(), ids.next())
else {
  await attempt(ids.next(), bytes)
  await attempt(ids.next(), 1)
}
await fileStore.close()
