import { access, constants, stat, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { fileLimitsOf, type HostConfig } from '#app/config.ts'
import { engineDefaults, listenerDefaults } from '#app/defaults.ts'
import { findFacts } from '#domain/engine/found-facts.ts'
import { expired, type KeptFile, makeRoom, outOfDate } from '#domain/engine/retention.ts'
import { failureText, forTerminal } from '#domain/names/text.ts'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { DirectoryInUse } from '#domain/ports/journal.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { expiryOf } from '#domain/room/expiry.ts'
import { sizeText, titleOf } from '#i18n/format.ts'
import { maxConnections } from '#server/listener/listener.ts'
import { SshHostKey } from '#server/ssh/host-key.ts'
import { clusterOf } from '#storage/cluster/progress.ts'
import { lockDirectory, sharedDiskUnder } from '#storage/disk/directory-lock.ts'
import { DiskFileStore } from '#storage/disk/file-store.ts'
import { DiskSecretStore } from '#storage/disk/secret-store.ts'
import { forgetErasures, type Inspection, inspectJournal } from '#storage/sqlite/inspect.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { quarantinesIn } from '#storage/sqlite/journal-files.ts'
import { SystemClock } from '#system/clock.ts'
import { filesFloorOf, freeBytes } from '#system/files/file-system.ts'
import { SilentLog } from '#system/log.ts'
import { counted, print, printJson, runShowing } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { bindsOf, hostHere, portOwner } from './host-network.ts'
import { hostSettings, isDataDirectory, isIntact } from './stores.ts'

interface DoctorFlags {
  readonly data?: string
  readonly port?: string
  readonly bind?: string
  readonly config?: string
  readonly deep?: boolean
  readonly json?: boolean
}

/** `tamtam doctor`. */
export const runDoctor = (flags: DoctorFlags): Promise<void> => runShowing(() => examine(flags))

async function examine({ deep = false, json = false, ...flags }: DoctorFlags): Promise<void> {
  let worst = 0
  for await (const finding of findings(flags, deep)) {
    if (finding.status === 'bad') worst++
    if (json) await printJson({ type: 'finding', ...finding })
    else await print(lineOf(finding))
  }
  if (worst > 0)
    throw new CommandFailed(exitCodes.unexpected, worst === 1 ? 'one thing is bad' : `${worst} things are bad`)
}

async function* findings(flags: object, deep: boolean): AsyncGenerator<Finding> {
  const startedAt = { now: Date.now(), elapsed: performance.now() }
  const settings = hostSettings(flags)
  const { config, directory: data } = settings
  yield nodeVersion()
  yield terminal(process.stdout, process.env)
  yield openFiles()
  const [bind = listenerDefaults.host] = bindsOf(config)
  yield await port(bind, config.port)
  if (!config.ephemeral) {
    yield* await directory(data, config)
    if (await isDataDirectory(data)) yield* await store(data, deep, config)
  }
  const now = Date.now()
  yield clock(now, now - startedAt.now, performance.now() - startedAt.elapsed)
}

const lineOf = ({ check, status, what, advice }: Finding): string =>
  `${status.padEnd(8)}${check.padEnd(12)}${what}${advice === undefined ? '' : `; ${advice}`}`

/** The result of one check. `bad`: keeps a host from working, or from keeping its promises. */
export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'warning' | 'bad'
  readonly what: string
  /** The remedy. */
  readonly advice?: string
}

export const ok = (check: string, what: string): Finding => ({ check, status: 'ok', what })
export const warning = (check: string, what: string, advice: string): Finding => ({
  check,
  status: 'warning',
  what,
  advice,
})
export const bad = (check: string, what: string, advice: string): Finding => ({ check, status: 'bad', what, advice })

const FIRST_YEAR = 2025
const LAST_YEAR = 2100
/** A clock that is set during the check moves by more than this. */
const JUMP_MS = 1000

export const nodeVersion = (): Finding => ok('node', `${process.version} with SQLite ${process.versions['sqlite']}`)

/** `sinceStart` and `elapsedSinceStart`: the progress of the time of day and of the monotonic clock between two readings. */
export function clock(now: number, sinceStart: number, elapsedSinceStart: number): Finding {
  const year = new Date(now).getUTCFullYear()
  if (year < FIRST_YEAR || year > LAST_YEAR)
    return bad('clock', `this machine says it is the year ${year}`, 'set its clock: files are kept for days by it')
  if (Math.abs(sinceStart - elapsedSinceStart) > JUMP_MS)
    return warning(
      'clock',
      'the time of day has jumped while we looked',
      'see whether something sets it again and again',
    )
  return ok('clock', new Date(now).toISOString())
}

export function openFiles(): Finding {
  const wanted = listenerDefaults.connections
  const most = maxConnections(wanted)
  if (most >= wanted) return ok('open files', `enough for ${wanted} connections`)
  return warning('open files', `the limit lets ${most} of ${wanted} connections in`, 'raise it with ulimit -n 16384')
}

export function terminal(stdout: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Finding {
  const term = env['TERM']
  if (stdout.isTTY !== true) return ok('terminal', 'none: one line an event')
  if (term === undefined || term === '' || term === 'dumb')
    return warning('terminal', 'its cursor does not move: one line an event', 'set TERM to its type')
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  if (process.platform !== 'win32' && !/utf-?8/i.test(locale))
    return warning('terminal', `${term}, and the locale does not say UTF-8`, 'set LANG to one that does')
  return ok('terminal', `${term}, UTF-8`)
}

/** Tries whether a host could listen there. */
export async function port(host: string, number: number): Promise<Finding> {
  if (number === 0) return ok('port', 'any that is free')
  const code = await listening(host, number)
  switch (code) {
    case undefined:
      return ok('port', `${number} on ${host} is free`)
    case 'EADDRINUSE': {
      const base = await hostHere(number)
      if (base !== undefined) return ok('port', `${number} on ${host}: a host runs here already, at ${base}`)
      const who = await portOwner(number)
      return bad('port', `${number} on ${host} is in use${who}`, 'stop that, or choose another with --port')
    }
    case 'EACCES':
      return bad('port', `${number} may not be opened by you`, 'choose one from 1024 on with --port')
    case 'EADDRNOTAVAIL':
      return bad('port', `${host} is no address of this machine`, 'choose another with --bind')
    default:
      return bad('port', `${number} on ${host} can't be opened (${code})`, 'choose others with --port and --bind')
  }
}

/** The code of the error, if any. */
function listening(host: string, number: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port: number, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

const CHECK = 'directory'
/** The directory's owner, its file system, and its free space. */
export async function directory(path: string, config: HostConfig): Promise<readonly Finding[]> {
  const existing = await nearest(path)
  const isThere = existing === path
  const rights = await rightsOf(existing, isThere)
  return [
    rights === undefined ? ok(CHECK, forTerminal(isThere ? path : `${path} will be made`)) : rights,
    disk(existing, config.sharedDisk),
    await space(existing, config.hostQuota),
  ]
}

/** The directory, or its nearest existing parent. */
async function nearest(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined)
    if (found !== undefined || dirname(at) === at) return at
  }
}

async function rightsOf(path: string, isOurs: boolean): Promise<Finding | undefined> {
  const named = forTerminal(path)
  const found = await stat(path)
  if (!found.isDirectory()) return bad(CHECK, `${named} is no directory`, 'choose another with --data')
  const may = await access(path, constants.R_OK | constants.W_OK | constants.X_OK).catch(() => 'not' as const)
  if (may === 'not')
    return bad(CHECK, `you may not write in ${named}`, 'give it to this user, or choose another with --data')
  if (!isOurs) return undefined
  const uid = process.getuid?.()
  if (uid !== undefined && found.uid !== uid)
    return warning(
      CHECK,
      `${named} belongs to another user (${found.uid})`,
      'run as that one, or files of two users will lie in it',
    )
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    return warning(CHECK, `others on this machine may look into ${named}`, `chmod 700 it; a host that starts does so`)
  return undefined
}

function disk(path: string, anyDisk: boolean): Finding {
  const shared = sharedDiskUnder(path)
  if (shared === undefined) return ok('disk', 'of this machine')
  if (anyDisk)
    return warning('disk', `${shared}, and --shared-disk is set`, 'make sure that no other host uses the directory')
  return bad('disk', `${shared}: other machines may write there too`, 'choose a directory of this machine with --data')
}

async function space(path: string, hostQuota: number): Promise<Finding> {
  const fileSystem = await statfs(path)
  const [free, floor] = [freeBytes(fileSystem), filesFloorOf(fileSystem)]
  const text = `${sizeText(free)} free`
  if (free < floor)
    return bad('space', `${text}: files are refused below ${sizeText(floor)}, messages soon`, 'make room on the disk')
  const left = sizeText(free - floor)
  if (hostQuota === 0) return ok('space', `${text}, of which files may take ${left}`)
  if (free - floor < hostQuota)
    return warning(
      'space',
      `${text}, of which files may take ${left}, and --host-quota is ${sizeText(hostQuota)}`,
      'lower --host-quota, or make room',
    )
  return ok('space', text)
}

const DAY_MS = 86_400_000

/** Checks the data directory of a host; `deep` reads every file. Repairs nothing, except that the text of removed messages is erased. */
export async function store(directory: string, deep: boolean, config: HostConfig): Promise<readonly Finding[]> {
  try {
    const lock = await lockDirectory(directory, true)
    try {
      const found = inspectJournal(directory)
      const erased = found.unerased > 0 && isIntactJournal(found) ? await eraseAgain(directory, found.unerased) : []
      return [
        ...setAside(directory),
        ...journal(found),
        ...erased,
        ...(await files(directory, found.files, deep)),
        ...leaving(found.filesOf, config, Date.now()),
        ...(await sshKey(directory)),
      ]
    } finally {
      await lock.release()
    }
  } catch (error) {
    if (error instanceof DirectoryInUse)
      return [
        warning(
          'store',
          `in use${error.pid === undefined ? '' : ` by tamtam pid ${error.pid}`}`,
          'stop it to have the store looked through',
        ),
      ]
    return [
      bad(
        'store',
        `can't be read: ${forTerminal(String(error))}`,
        'the next start sets the damaged part aside; keep a copy',
      ),
    ]
  }
}

/** The SSH host key; nothing is reported before the first start creates it. */
async function sshKey(directory: string): Promise<readonly Finding[]> {
  const secretStore = new DiskSecretStore(directory)
  try {
    if ((await secretStore.read('ssh')) === undefined) return []
    const key = new SshHostKey(secretStore)
    await key.open()
    return [ok('ssh key', key.fingerprint)]
  } catch (error) {
    const advice = 'put a copy of it back, or remove it: SSH clients are warned of another host then'
    return [bad('ssh key', `keys/ssh can't be used: ${forTerminal(failureText(error))}`, advice)]
  }
}

/** The next start repairs a damaged journal, and erases again then. */
const isIntactJournal = ({ damage, damagedRows }: Inspection): boolean => damage === undefined && damagedRows === 0

/** Erases the text of removed messages, which an old journal put back in part may contain. */
async function eraseAgain(directory: string, messages: number): Promise<Finding[]> {
  forgetErasures(directory)
  const journal = new SqliteJournal({ directory, log: new SilentLog() })
  await journal.open()
  let isErased = true
  try {
    for (const [room, erasures] of (await findFacts(journal)).erasures)
      if ((await journal.erase(room, erasures)) !== 'erased') isErased = false
  } finally {
    await journal.close()
  }
  const what = `${counted(messages, 'removed message')} still had the text`
  return isErased
    ? [warning('removed', what, 'it is erased now; take away what is older than that, backups for one')]
    : [bad('removed', what, 'make room on the disk: the next start erases it')]
}

/** Data set aside by earlier starts, until somebody removes it. */
function setAside(directory: string): Finding[] {
  const names = quarantinesIn(directory)
  if (names.length === 0) return []
  const what = `the journal was damaged, and its unreadable part lies in ${forTerminal(`${directory}/${names.join(', ')}`)}`
  return [warning('store', what, 'keep it until you know the loss, then remove it')]
}

function journal({ rooms, entries, damagedRows, missing, damage, newestAt }: Inspection): Finding[] {
  const what = `${counted(entries, 'entry', 'entries')} of ${counted(rooms, 'room')}`
  if (damage !== undefined)
    return [bad('store', damage, 'the next start saves all entries that verify and sets the rest aside; keep a copy')]
  const missed = `${counted(missing, 'entry is', 'entries are')} missing`
  if (damagedRows > 0)
    return [
      bad(
        'store',
        `${what}; ${counted(damagedRows, 'stored batch fails its', 'stored batches fail their')} checksum, ${missed}`,
        'the next start saves the others; import a bundle of another host',
      ),
    ]
  if (missing > 0) return [warning('store', `${what}, and ${missed} in between`, 'import a bundle of another host')]
  if (newestAt !== undefined && newestAt > Date.now() + DAY_MS)
    return [ok('store', what), bad('clock', 'the newest entry is of the future', 'set the clock of this machine')]
  return [ok('store', what)]
}

async function files(
  directory: string,
  known: ReadonlyMap<string, WholeFile>,
  deep: boolean,
): Promise<readonly Finding[]> {
  const fileStore = new DiskFileStore({ directory, log: new SilentLog(), clock: new SystemClock() })
  await fileStore.open()
  try {
    const wrong: WholeFile[] = []
    const isNode = (await clusterOf(directory)) !== undefined
    let bytes = 0
    let elsewhere = 0
    for (const file of known.values()) {
      if (isNode && (await fileStore.size(file.id)) === undefined) {
        elsewhere++
        continue
      }
      bytes += file.size
      if (!(await isAsKept(fileStore, file, deep))) wrong.push(file)
    }
    const strays = (await fileStore.wholeFiles()).filter((id) => !known.has(id))
    const others = elsewhere === 0 ? '' : `, ${elsewhere} at other nodes of the cluster`
    const what = `${counted(known.size - elsewhere, 'file')} of ${sizeText(bytes)}${deep ? ', every digest right' : ''}${others}`
    return [
      wrong.length === 0
        ? ok('files', what)
        : bad(
            'files',
            `missing or damaged: ${forTerminal(wrong.map(({ name }) => name).join(', '))}`,
            'send them again',
          ),
      ...(strays.length === 0
        ? []
        : [
            warning(
              'files',
              `${strays.length} that no room knows`,
              'repeat the import that was interrupted, or remove them from files/',
            ),
          ]),
    ]
  } finally {
    await fileStore.close()
  }
}

/** With less than this share of its quota left, a room's oldest files are about to be removed. */
const SPARE_SHARE = 0.2
const MOST_NAMES = 10

/** The files that expire within a day, and those to be removed first for newer ones when their room, or the host, is nearly full. */
function leaving(filesOf: Inspection['filesOf'], config: HostConfig, now: number): Finding[] {
  const limits = { ...engineDefaults, ...fileLimitsOf(config) }
  const findings: Finding[] = []
  let hostBytes = 0
  for (const [room, { rules, files }] of filesOf) {
    const whole = files.map(({ file, at }) => {
      const { id, size: bytes } = file
      return { id, bytes, at, expiresAt: expiryOf(rules, file, at) }
    })
    const named = (going: readonly KeptFile[]) => {
      const ids = new Set(going.map(({ id }) => id))
      const names = files.flatMap(({ file }) => (ids.has(file.id) ? [titleOf(file)] : []))
      const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''
      return forTerminal(`${names.slice(0, MOST_NAMES).join(', ')}${more}`)
    }
    const bytes = whole.reduce((sum, file) => sum + file.bytes, 0)
    hostBytes += bytes
    const old = new Set([...outOfDate(whole, now + DAY_MS, limits), ...expired(whole, now + DAY_MS)])
    if (old.size > 0)
      findings.push(
        warning(
          'age',
          `${forTerminal(room)}: these go within a day: ${named([...old])}`,
          'fetch what is wanted, or raise --keep-days',
        ),
      )
    const spare = limits.roomQuotaBytes * SPARE_SHARE
    const going = makeRoom({ bytes: spare, newBytes: spare, newFiles: 0 }, { ...alone, wholeBytes: bytes }, whole, {
      ...limits,
      maxFileBytes: 0,
    })
    if (!('type' in going) && going.length > 0)
      findings.push(
        warning(
          'quota',
          `${forTerminal(room)} has ${sizeText(bytes)} of ${sizeText(limits.roomQuotaBytes)}: these go first for newer ones: ${named(going)}`,
          'fetch what is wanted, or raise --room-quota',
        ),
      )
  }
  if (limits.hostQuotaBytes > 0 && hostBytes > limits.hostQuotaBytes * (1 - SPARE_SHARE))
    findings.push(
      warning(
        'quota',
        `the files of all rooms have ${sizeText(hostBytes)} of ${sizeText(limits.hostQuotaBytes)}: in each room the oldest go for newer ones`,
        'raise --host-quota',
      ),
    )
  return findings.length > 0 ? findings : [ok('quota', 'no file has to go soon')]
}

/** A room with nothing else on the host. */
const alone = {
  arrivingBytes: 0,
  hostFiles: 0,
  storeBytesLeft: Number.POSITIVE_INFINITY,
  storeBound: { of: 'disk', bytes: 0 },
  storeFileBytes: Number.POSITIVE_INFINITY,
} as const

async function isAsKept(fileStore: DiskFileStore, file: WholeFile, deep: boolean): Promise<boolean> {
  if (!deep) return (await fileStore.size(file.id)) === file.size
  try {
    return await isIntact(fileStore, file)
  } catch (error) {
    if (error instanceof FileStoreFailed) return false
    throw error
  }
}
