import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { ownCommand } from '#app/about.ts'
import type { TamtamOptions } from '#app/compose.ts'
import { defaultDataDirectory, fileLimitsOf, type HostConfig, hostConfig } from '#app/config.ts'
import type { Address } from '#app/lifecycle.ts'
import { type Tamtam, tamtamOf } from '#app/tamtam.ts'
import { ClusterRefused } from '#cluster/errors.ts'
import { failureText, forTerminal } from '#domain/names/text.ts'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { DirectoryInUse, JournalFailed } from '#domain/ports/journal.ts'
import { type KeyName, SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import { languageOf } from '#i18n/i18n.ts'
import { isLoopback } from '#server/connection/incoming-connection.ts'
import { type ListenerSettings, PortInUse } from '#server/listener/listener.ts'
import { SharedDirectory, SharedDisk } from '#storage/disk/directory-lock.ts'
import type { WorkerLink } from '#storage/sqlite/worker-link.ts'
import { announce } from '#system/discovery.ts'
import { errorCode } from '#system/files/file-system.ts'
import { PinoLog } from '#system/pino-log.ts'
import { clusterFailure, clusterOptionsOf, refuseTypedPassword } from './cluster-options.ts'
import { flushed, hangUpWith, neverWaitFor, stopSignal } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { hostFacts } from './greeting.ts'
import { bindsOf, hostHere, hostNamesOf, identityFor, portOwner, refuseUnsafe, wantsToken } from './host-network.ts'
import { enter } from './host-terminal.ts'

/** `tamtam host`. `thread`: the journal's thread, which began to load before this file. */
export const runHost = (flags: Record<string, unknown>, thread?: WorkerLink): Promise<void> => {
  refuseTypedPassword(flags)
  return host(hostConfig(flags, process.env), process, thread)
}

/** Time for the reader of our output to take the rest. */
const LAST_OUTPUT_MS = 500

/** `tamtam host`: hosts a room until it is told to stop, with this terminal as one of its members. */
export async function host(config: HostConfig, process: NodeJS.Process, thread?: WorkerLink): Promise<void> {
  refuseUnsafe(config)
  const data = config.ephemeral ? undefined : (config.data ?? defaultDataDirectory(process.env))
  for (const stream of [process.stdout, process.stderr]) {
    neverWaitFor(stream)
    // A reader that goes away ends nothing (C89), and is no bug of ours. A terminal that goes away has hung up.
    stream.on('error', () => {})
  }
  const log = new PinoLog({ level: config.logLevel })
  const stopped = stopSignal(process, log)
  hangUpWith(process)
  // Without a flag, the settings may say so.
  if (data === undefined) void thread?.terminate()
  const options: TamtamOptions = {
    ...(data === undefined ? {} : { data, sharedDisk: config.sharedDisk }),
    ...clusterOptionsOf(config, process.env),
    limits: {
      historyEntries: config.history,
      hostBytesPerSecond: config.limit,
      transferBytesPerSecond: config.limitEach,
      ...fileLimitsOf(config),
    },
    line: {
      room: config.room,
      files: config.lineFiles,
      language: config.lang ?? languageOf(process.env),
      inlineMaxBytes: config.inlineMax,
      ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
      ...(config.rate === undefined ? {} : { linesPerSecond: config.rate, rateOnLoopback: true }),
    },
    http: {
      hostNames: await hostNamesOf(config),
      room: config.room,
      ...(config.basePath === undefined ? {} : { basePath: config.basePath }),
      ...(config.rate === undefined ? {} : { linesPerSecond: config.rate, rateOnLoopback: true }),
    },
    session: config.rate === undefined ? {} : { messagesPerSecond: config.rate, rateOnLoopback: true },
    irc: { name: config.ircName },
    page: true,
    founders: true,
    token: wantsToken(config),
    overrides: { log },
    onBroken: (error) =>
      stopped.now(exitCodes.disk, `the data in ${data} can't be kept any more: ${failureText(error)}`),
  }
  const tamtam = tamtamOf(options, thread)
  const address = await open(tamtam, config, data)
  const { port, fingerprint } = address
  const nearby = { port, tls: fingerprint !== undefined, token: wantsToken(config) }
  // A host behind a proxy on this machine cannot be reached at its own port.
  const announced = config.lan && !isLoopback(address.host) ? announce(nearby, log) : undefined
  const facts = await hostFacts(tamtam, config, address, process)
  const terminal = await enter({ tamtam, config, process, data, facts, stopped }).catch(asDiskFailure("can't be read"))
  // This is a third of the start, and no request needs it yet.
  await tamtam.handler.open()
  collectSeldom()
  const { exitCode, why } = await stopped.promise
  await (await announced)?.close()
  await terminal.close()
  // A failed store must not be used again; it holds everything acknowledged already.
  if (exitCode === exitCodes.done) await tamtam.stop(why).catch(asDiskFailure("can't be closed"))
  else process.stderr.write(`tamtam: ${why}\n`)
  await flushed(process.stdout, LAST_OUTPUT_MS)
  process.exit(exitCode)
}

/**
 * Lets the heap grow to three times its present use before the next full collection. Measured: with the small young generation of
 * package.json, an upload costs a fifth less processor time, and a seventh of these collections remains while four files move at once.
 * Not before the host has started: V8 accepts compiled code, including Node's own, only under the flags that it was compiled with.
 */
function collectSeldom(): void {
  import.meta.keepCompiled?.()
  setFlagsFromString('--heap-growing-percent=200')
}

/** A failing store is no bug of ours, whatever it was doing. */
const asDiskFailure =
  (what: string) =>
  (error: unknown): never => {
    if (!(error instanceof JournalFailed || error instanceof FileStoreFailed)) throw error
    throw new CommandFailed(exitCodes.disk, `the data ${what}: ${failureText(error)}`, { cause: error })
  }

/** Opens the data before the port, so that the first client finds the room as it was. */
async function open(tamtam: Tamtam, config: HostConfig, data: string | undefined): Promise<Address> {
  try {
    await tamtam.start()
  } catch (error) {
    if (error instanceof SharedDisk || error instanceof SharedDirectory)
      throw new CommandFailed(exitCodes.unsafeConfiguration, error.message, { cause: error })
    if (error instanceof ClusterRefused) clusterFailure(error)
    if (error instanceof DirectoryInUse) {
      const base = await hostHere(config.port)
      const found = base === undefined ? '' : `; a host runs here already: open ${base}, or ${ownCommand('join')}`
      throw new CommandFailed(exitCodes.directoryInUse, `${error.message}${found}`, { cause: error })
    }
    if (error instanceof SecretStoreDamaged && data !== undefined)
      throw new CommandFailed(
        exitCodes.disk,
        `${join(data, 'keys', error.secret)} can't be used: ${error.message}; put a copy of it back, or remove it: then ${WITHOUT[error.secret]}`,
        { cause: error },
      )
    throw new CommandFailed(exitCodes.disk, cannotOpen(data, error), { cause: error })
  }
  const { port, trustProxy } = config
  const [bind = '', ...others] = bindsOf(config)
  try {
    const tls = await identityFor(config, data)
    return await listenOn(tamtam, { port, trustProxy, ...(tls === undefined ? {} : { tls }) }, bind, others)
  } catch (error) {
    await tamtam.stop()
    if (error instanceof CommandFailed) throw error
    if (error instanceof PortInUse) {
      const base = await hostHere(port)
      const remedy =
        base === undefined
          ? 'stop the other program, or choose another with --port'
          : `a host runs here already: open ${base}, or ${ownCommand('join')}; another one needs another --port`
      throw new CommandFailed(exitCodes.portInUse, `${error.message}${await portOwner(port)}; ${remedy}`, {
        cause: error,
      })
    }
    throw new CommandFailed(exitCodes.usage, `can't listen on ${bind} port ${port}: ${failureText(error)}`, {
      cause: error,
    })
  }
}

/** The cost of losing each secret. */
const WITHOUT: Readonly<Record<KeyName, string>> = {
  links: 'links made before end',
  owner: 'the owner gets a new key',
  token: 'everyone needs the new token',
  rooms: 'no room has a password, and no invitation holds',
  people: 'nobody is known again by an SSH key or an account of IRC',
  ssh: 'SSH clients are warned of another host',
  'ssh-known': 'keys that have shown the token show it once more',
  'ssh-owners': "no SSH key is the owner's",
  nodes: 'nodes of the cluster have to be started again to share files',
}

/** The user of the command knows the directory, and there are two remedies. */
function cannotOpen(data: string | undefined, error: unknown): string {
  const isNone = ['EEXIST', 'ENOTDIR'].includes(errorCode(error) ?? '')
  const why = isNone ? 'there is something that is no directory' : failureText(error)
  if (data === undefined) return `the data can't be opened: ${why}`
  return `the data can't be opened: ${forTerminal(data)}: ${forTerminal(why)}; choose another directory with --data, or keep nothing with --ephemeral`
}

/** Tries the next if the machine has no such address. */
async function listenOn(
  tamtam: Tamtam,
  settings: Partial<ListenerSettings>,
  host: string,
  others: readonly string[],
): Promise<Address> {
  try {
    return await tamtam.listen({ ...settings, host })
  } catch (error) {
    const [next, ...more] = others
    const code = errorCode(error)
    if (next === undefined || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error
    return await listenOn(tamtam, settings, next, more)
  }
}
