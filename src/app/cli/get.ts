import { createHash } from 'node:crypto'
import { constants, openSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { ownCommand } from '#app/about.ts'
import { clientDefaults } from '#app/defaults.ts'
import type { ApiClient } from '#client/api-client.ts'
import { DownloadError, downloadStream } from '#client/download-stream.ts'
import {
  downloadFile,
  type FileToSave,
  type FolderTarget,
  giveReceipt,
  type SavedFile,
  type Target,
} from '#client/downloader.ts'
import { isRefusal, type Refusal, refusal } from '#client/errors.ts'
import { listFiles, listFolder } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import type { TransferOptions } from '#client/transfers.ts'
import { fileStatus } from '#client/tus.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { fileSizeText, titleOf, tookText } from '#i18n/format.ts'
import { translatorFor } from '#i18n/i18n.ts'
import type { FileRow } from '#protocol/schema.ts'
import { errorCode, ignoreMissing } from '#system/files/file-system.ts'
import { SaveFolder } from '#system/files/publish.ts'
import { asAsker, asMember } from './as-member.ts'
import { runBatch } from './batch.ts'
import {
  apiOf,
  counted,
  print,
  printJson,
  type RoomTarget,
  reportFirstRetry,
  runResumable,
  targetOrFileOf,
} from './command.ts'
import { CommandFailed, exitCodes, PartlyDone } from './exit-codes.ts'
import { failureOf, refused } from './failures.ts'
import { collectedFiles, expectedIn, type HandInFlags, printHandIns, readHandIns } from './hand-ins.ts'
import { ProgressDisplay } from './progress.ts'

interface GetFlags extends HandInFlags {
  readonly output?: string
  readonly save?: string
  readonly prefix?: string
  readonly all?: boolean
  readonly limit?: number
  readonly timeout?: number
  readonly plain?: boolean
  readonly collected?: string
}

/** `tamtam get`. */
export const runGet = (address: string, names: string[], flags: GetFlags): Promise<void> =>
  runResumable(async () => {
    const target = targetOrFileOf(address, process.env)
    await (flags.collected === undefined ? get(target, names, flags) : getCollected(target, names, flags))
  })

/** Saves all hand-ins into a folder for each person, then lists who has handed in and who has not. */
async function getCollected(target: RoomTarget, names: readonly string[], flags: GetFlags): Promise<void> {
  const { collected: directory = '' } = flags
  const hasOthers =
    names.length > 0 || target.file !== undefined || flags.all || flags.save !== undefined || flags.prefix !== undefined
  if (directory === '' || hasOthers || flags.output !== undefined)
    throw new CommandFailed(
      exitCodes.usage,
      '--collected takes a folder, and no names, -o, --save, --prefix or --all beside it',
    )
  const expected = expectedIn(flags.expect)
  await asMember(target, async (api) => {
    const retries = new Retries(clientDefaults, { ...patience(flags), report: reportFirstRetry })
    const list = await readHandIns(api, retries, target.room)
    const { files, folders } = await collectedFiles(list, directory)
    const saveFolders = new Map([...folders.values()].map((name) => [name, new SaveFolder(join(directory, name))]))
    const items = files.map(({ file, folder, as, failure }) => ({
      label: forTerminal(`${folder}/${file.name}`),
      run: async () => async () =>
        failure !== undefined
          ? Promise.reject(failure)
          : await getOne(api, file, { folder: saveFolders.get(folder) ?? new SaveFolder(directory), as }, flags),
    }))
    await runBatch('got', items, flags).finally(() => printHandIns(list, flags, process.stderr, expected, folders))
  })
}

async function get(target: RoomTarget, names: readonly string[], flags: GetFlags): Promise<void> {
  if (flags.csv || flags.expect !== undefined)
    throw new CommandFailed(exitCodes.usage, '--csv and --expect are for --collected')
  if (flags.output !== undefined && /^$|\/$/.test(flags.output))
    throw new CommandFailed(exitCodes.usage, '-o takes the name of a file; --save takes folders')
  if (flags.save === '') throw new CommandFailed(exitCodes.usage, '--save takes the name of a folder; . is this one')
  if (flags.all) await asAsker(target, (api) => getFrom(api, target, names, flags))
  else {
    const api = apiOf(target)
    await getFrom(api, target, names, flags).finally(() => api.close())
  }
}

async function getFrom(api: ApiClient, target: RoomTarget, names: readonly string[], flags: GetFlags): Promise<void> {
  if (target.file?.ticket !== undefined) api.addTicket(target.file.id, target.file.ticket)
  const files = await filesWanted(
    api,
    new Retries(clientDefaults, { ...patience(flags), report: reportFirstRetry }),
    target,
    names,
    flags.all === true,
  )
  if (flags.output !== undefined && files.length > 1)
    throw new CommandFailed(exitCodes.usage, '-o is for one file only; --save names a folder')
  const folder = new SaveFolder(flags.save ?? '.', flags.prefix)
  const items = files.map((wanted) => ({
    label: forTerminal(wanted.name),
    run: async () => async () =>
      'failure' in wanted ? Promise.reject(wanted.failure) : await getOne(api, wanted, { folder }, flags),
  }))
  await runBatch('got', items, flags)
}

async function getOne(
  api: ApiClient,
  file: FileToSave,
  place: FolderTarget,
  flags: GetFlags,
): Promise<'done' | 'already'> {
  const startedAt = performance.now()
  const display = flags.quiet
    ? undefined
    : new ProgressDisplay(
        process.stderr,
        'getting',
        file.folder === undefined ? file.name : `${file.name}/`,
        flags.plain === true,
      )
  const report = display?.report ?? (() => {})
  const retries = new Retries(clientDefaults, {
    ...patience(flags),
    report: (retry) => report({ type: 'retry', ...retry }),
  })
  const limit = flags.limit === undefined ? {} : { limit: flags.limit }
  const options = { api, retries, report, ...limit }
  const got = await bring().finally(() => display?.end())
  if (isRefusal(got)) throw refused(file.name, got)
  const ms = performance.now() - startedAt
  // Standard output must contain nothing but the file.
  const ended = got.already ? 'already' : 'done'
  if (got.path === undefined) return ended
  if (flags.json) await printJson({ type: 'got', ...got, ms: Math.round(ms) })
  else if (!flags.csv) await print(forTerminal(got.path))
  const what = `${forTerminal(titleOf(got))} ${fileSizeText(got, translatorFor('en'))}`
  const how = got.already ? `already here: ${what}` : `got ${what} in ${tookText(ms)}`
  if (!flags.quiet) process.stderr.write(`${how} sha256 ${got.sha256.slice(0, 4)}… verified\n`)
  const { changed = [] } = got
  for (const path of changed) process.stderr.write(`not there: ${forTerminal(path)}: it changed while it was sent\n`)
  if (changed.length > 0)
    throw new PartlyDone(
      `${forTerminal(titleOf(got))}: ${counted(changed.length, 'file')} missing; ask its sender to send it again`,
    )
  return ended

  async function bring(): Promise<(WholeFile & Partial<SavedFile>) | Refusal> {
    const { output } = flags
    const stream = output === undefined ? undefined : await openStream(output)
    if (stream !== undefined) return await streamFile(options, file, stream).finally(() => stream.close())
    const target: Target = output === undefined ? place : { path: output }
    return await downloadFile(options, file, target).catch((error: unknown) => {
      throw notSaved(error, output === undefined ? place.folder.path : dirname(output))
    })
  }
}

/** The fault that keeps a folder from taking any file, with the remedy. */
function notSaved(error: unknown, folder: string): unknown {
  const failure = failureOf(error)
  if (!(failure instanceof CommandFailed) || !(error instanceof Error)) return failure
  const why = NO_FOLDER[errorCode(error) ?? '']
  if (why === undefined) return failure
  const exitCode = ['ENOTDIR', 'EEXIST'].includes(errorCode(error) ?? '') ? exitCodes.exists : failure.exitCode
  return new CommandFailed(
    exitCode,
    forTerminal(`nothing can be saved in ${folder}: ${why}; --save names another folder`),
    {
      cause: error,
    },
  )
}

const NO_FOLDER: Readonly<Record<string, string>> = {
  EACCES: 'you have no right to write there',
  EPERM: 'you have no right to write there',
  EROFS: 'it can only be read',
  ENOTDIR: 'something in this path is a file, and no folder',
  EEXIST: 'it is a file, and no folder',
}

const patience = ({ timeout }: GetFlags) => (timeout === undefined ? {} : { giveUpMs: timeout })

/** A requested file, or the reason why there is none. */
export type Wanted = FileToSave | { readonly name: string; readonly failure: CommandFailed }

/** The requested files of a room: by name (the newest), by the beginning of an id, all, or the newest of all. */
export async function filesWanted(
  api: ApiClient,
  retries: Retries,
  target: RoomTarget,
  names: readonly string[],
  all: boolean,
): Promise<readonly Wanted[]> {
  if (target.file !== undefined) {
    if (names.length === 0 && !all) return [await linked(api, retries, target.file)]
    throw new CommandFailed(exitCodes.usage, 'a link is one file; leave out names and --all')
  }
  const found = await retries.until(() => listFiles(api, target.room))
  if (isRefusal(found)) throw refused(target.room, found)
  const files = found.toSorted((one, other) => other.at - one.at)
  if (names.length > 0) return await Promise.all(names.map((name) => named(api, retries, files, name, target.room)))
  // A file whose sender is away may never be complete: it is awaited only if it was named.
  const coming = files.filter(({ status }) => status !== 'paused')
  if (all) return coming
  const [newest] = coming
  if (newest === undefined)
    throw new CommandFailed(exitCodes.notFound, `there is no file in ${forTerminal(target.room)}`)
  return [newest]
}

/** A link has only an id and a name; the host tells whether it is a folder. */
async function linked(api: ApiClient, retries: Retries, file: FileToSave): Promise<Wanted> {
  const { id, inside } = file
  if (inside !== undefined) {
    const [name = '', ...path] = inside.split('/')
    return await fileInside(api, retries, { id, name }, path.join('/'))
  }
  const status = await retries.until(() => fileStatus(api, id))
  // A refusal comes again later, where it is reported.
  if (isRefusal(status) || status.folder === undefined) return file
  return { ...file, name: file.name.replace(/\.(?:tar|zip)$/, ''), folder: status.folder }
}

async function named(
  api: ApiClient,
  retries: Retries,
  files: readonly FileRow[],
  name: string,
  room: string,
): Promise<Wanted> {
  const found = wantedFile(files, name)
  if (typeof found === 'object') return found
  const [, folderName = '', path] = /^([^/]+)\/(.+)$/.exec(name) ?? []
  const folder = path === undefined ? undefined : wantedFile(files, folderName)
  if (path !== undefined && typeof folder === 'object' && folder.folder !== undefined)
    return await fileInside(api, retries, folder, path)
  const why =
    found === 'several'
      ? 'several files begin with this id'
      : `there is no such file in ${room}; ${ownCommand('ls')} lists the files`
  const code = found === 'several' ? exitCodes.usage : exitCodes.notFound
  return { name, failure: new CommandFailed(code, forTerminal(`${name}: ${why}`)) }
}

/** One file of a folder, by its path. */
async function fileInside(
  api: ApiClient,
  retries: Retries,
  folder: { readonly id: string; readonly name: string },
  path: string,
): Promise<Wanted> {
  const label = `${folder.name}/${path}`
  const listing = await retries.until(() => listFolder(api, folder))
  if (isRefusal(listing)) return { name: label, failure: refused(label, listing) }
  const found = listing.members.find((member) => member.path === path.normalize('NFC'))
  if (found?.url === undefined) {
    const why = `there is no such file in ${folder.name}/; ${ownCommand('get')} ${folder.name}/ brings all of it`
    return { name: label, failure: new CommandFailed(exitCodes.notFound, forTerminal(`${label}: ${why}`)) }
  }
  const { size, sha256 } = found
  const name = found.path.slice(found.path.lastIndexOf('/') + 1)
  return { id: folder.id, name, inside: `${folder.name}/${found.path}`, size, sha256 }
}

/** A destination that takes bytes as they arrive. */
export interface ByteStream {
  /** Undefined for standard output. */
  readonly path?: string
  /** Rejects once nobody reads it any more. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Other names of standard output: opened again, it would be written from its beginning. */
const OUTPUT = ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']
const LOOK_MS = 100

/** Opens a pipe, a terminal or another device; undefined if the path is, or will be, a file. Waits for the reader of a pipe. */
export async function openStream(path: string): Promise<ByteStream | undefined> {
  if (OUTPUT.includes(path)) return { ...writing(process.stdout), close: async () => {} }
  const found = await stat(path).catch(ignoreMissing)
  if (found?.isFIFO()) {
    const socket = new Socket({ fd: await pipeFor(path), readable: false, writable: true })
    // Writing reports the error.
    socket.on('error', () => {})
    return { path, ...writing(socket), close: () => new Promise((resolve) => socket.end(() => resolve())) }
  }
  // A file that is open already has no name to be passed.
  if (!found?.isCharacterDevice() && !/^\/(?:dev|proc\/self)\/fd\//.test(path) && path !== '/dev/stderr')
    return undefined
  const file = await open(path, constants.O_WRONLY)
  return { path, write: (bytes) => file.writeFile(bytes), close: () => file.close() }
}

/** Opened without blocking in a system call, which nobody could interrupt. */
async function pipeFor(path: string): Promise<number> {
  while (true)
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      if (errorCode(error) !== 'ENXIO') throw error
      await setTimeout(LOOK_MS)
    }
}

const writing = (stream: Writable): Pick<ByteStream, 'write'> => ({
  write: (bytes) =>
    new Promise((resolve, reject) => stream.write(bytes, (error) => (error ? reject(error) : resolve()))),
})

/** Writes a file as it arrives. Whether it is correct is known only at its end. */
export async function streamFile(
  options: TransferOptions,
  file: FileToSave,
  { path, write }: ByteStream,
): Promise<(WholeFile & { readonly path?: string }) | Refusal> {
  const { api, retries } = options
  const { id, name, inside } = file
  const hash = createHash('sha256')
  let size = 0
  while (true) {
    try {
      for await (const bytes of downloadStream(options, file, size)) {
        hash.update(bytes)
        size += bytes.length
        await write(bytes)
      }
    } catch (error) {
      if (error instanceof DownloadError) return error.refusal
      throw error
    }
    const now = await retries.until(() => fileStatus(api, file))
    if (isRefusal(now)) return now
    if (now.status !== 'whole') {
      await retries.again('the file is not whole yet')
      continue
    }
    const sha256 = hash.digest('hex')
    if (sha256 !== (inside === undefined ? now.sha256 : (file.sha256 ?? sha256)))
      return refusal(0, 'HASH_MISMATCH', 'the written bytes differ from the sent ones')
    if (inside === undefined) await giveReceipt(options, id, sha256)
    return { id, name, size, sha256, ...(path === undefined ? {} : { path }) }
  }
}
