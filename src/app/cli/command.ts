import { fstatSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { ownCommand } from '#app/about.ts'
import { knownHostsPath } from '#app/config.ts'
import { clientDefaults } from '#app/defaults.ts'
import { secretOf } from '#app/secrets.ts'
import { parseAddress, type RoomAddress } from '#client/address.ts'
import { ApiClient } from '#client/api-client.ts'
import { dialHost, Endpoint, KnownHosts, type TrustNews } from '#client/endpoint.ts'
import { NodeHttp } from '#client/node-http.ts'
import { forTerminal, jsonForTerminal } from '#domain/names/text.ts'
import type { Log } from '#domain/ports/system.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import { CommandFailed, type ExitCode, exitCodes, PartlyDone } from './exit-codes.ts'
import { commandTyped, failureOf } from './failures.ts'
import { stackOf } from './stack.ts'

export interface RoomTarget extends RoomAddress {
  readonly token?: string
  readonly endpoint: Endpoint
  readonly password?: string
}

/**
 * Reads the address of a room. The host's token and the room's password come from the environment, since everybody can see a command
 * line (C121).
 */
export function targetOf(typed: string, env: NodeJS.ProcessEnv): RoomTarget {
  const target = targetOrFileOf(typed, env)
  if (target.file !== undefined)
    throw new CommandFailed(exitCodes.usage, `this is the link of a file; ${ownCommand('get')} brings it here`)
  return target
}

/** The same if the link of a file is possible, too. */
export function targetOrFileOf(typed: string, env: NodeJS.ProcessEnv): RoomTarget {
  const address = parseAddress(typed)
  // Without the typed text, which may contain a token or a password.
  if ('type' in address) throw new CommandFailed(exitCodes.usage, `this is no address: ${forTerminal(address.message)}`)
  if (address.token !== undefined) hideCommandLine()
  const known = new KnownHosts(knownHostsPath(env), (news) => process.stderr.write(`${trustLine(news, env)}\n`))
  const target = { ...address, endpoint: new Endpoint(address, dialHost(address, known)) }
  const token = address.token ?? secretOf('TAMTAM_TOKEN', env)
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new CommandFailed(exitCodes.usage, 'TAMTAM_TOKEN holds characters that no token has')
  const password = secretOf('TAMTAM_PASSWORD', env)
  return {
    ...target,
    ...(token === undefined ? {} : { token }),
    ...(password === undefined ? {} : { password }),
  }
}

/** The host's HTTP API, with the credentials of the typed address; every request has a name of its own choice and no membership. */
export const apiOf = ({ endpoint, name, token, password }: RoomTarget): ApiClient =>
  new ApiClient(new NodeHttp(endpoint, clientDefaults), {
    ...(name === undefined ? {} : { name }),
    ...(token === undefined ? {} : { token }),
    ...(password === undefined ? {} : { password }),
  })

/** A link may contain the token. Until now everybody on this machine could see it, and the shell may keep it. */
function hideCommandLine(): void {
  process.title = 'tamtam'
  process.stderr.write('there is a token in this address; in the variable TAMTAM_TOKEN nobody else would see it\n')
}

function trustLine(news: TrustNews, env: NodeJS.ProcessEnv): string {
  const { say } = translatorFor(languageOf(env), forTerminal)
  switch (news.type) {
    case 'met':
      return say('hostMet', { at: news.at, fingerprint: news.fingerprint })
    case 'ended':
      return say('certificateEnded', { at: news.at, since: news.since.toISOString().slice(0, 10) })
    case 'unkept':
      return say('hostNotKept', { path: news.path, why: news.why })
    default:
      return news satisfies never
  }
}

/** Standard input. For a folder, Node reports an immediate end, as for an empty file. */
export function inputOf({ stdin }: NodeJS.Process): NodeJS.ReadStream {
  if (fstatSync(stdin.fd).isDirectory())
    throw new CommandFailed(exitCodes.notFound, 'standard input is a folder; give a file, or a pipe')
  return stdin
}

/** Runs a command; a failure ends it with a sentence and an exit code. */
export async function run(action: () => Promise<void>): Promise<void> {
  process.stderr.on('error', () => {})
  try {
    await action()
  } catch (error) {
    throw failureOf(error)
  }
}

/** The same for a command that only prints: `tamtam tail | head -1` ends it. */
export async function runShowing(action: () => Promise<void>): Promise<void> {
  process.stdout.on('error', () => process.exit(exitCodes.done))
  await run(action)
}

/** Runs a command whose work is kept when it ends early: then the command that continues it is printed. */
export async function runResumable(action: () => Promise<void>): Promise<void> {
  // The reader of our output may be gone: the transfers go on.
  process.stdout.on('error', () => {})
  const resume = `go on with: ${commandTyped(process.argv, process.env)}`
  process.once('SIGINT', () => {
    process.stderr.write(`\ntamtam: interrupted; ${resume}\n`)
    process.exit(exitCodes.interrupted)
  })
  await run(async () => {
    try {
      await action()
    } catch (error) {
      const failure = failureOf(error)
      if (!(failure instanceof CommandFailed) || failure.exitCode !== exitCodes.incomplete) throw failure
      // The same command again would have the same result.
      if (failure instanceof PartlyDone) throw failure
      throw new CommandFailed(failure.exitCode, `${failure.message}\n${resume}`, { cause: error })
    }
  })
}

/** Prints data, no faster than it is read. */
export const print = (line: string): Promise<void> =>
  new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()))

/** `1 file`, `2 files`. */
export const counted = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`

export const printJson = (value: object): Promise<void> => print(jsonForTerminal({ v: 1, ...value }))

/** Prints the reason for a delay, once for each series of failures. */
export function reportFirstRetry({ attempt, why }: { readonly attempt: number; readonly why: string }): void {
  if (attempt === 1) process.stderr.write(`${forTerminal(why)}; trying again\n`)
}

/** The part of Node's handle behind a terminal's stream that is used here. */
interface Handle {
  setBlocking?(on: boolean): unknown
}

/**
 * Node waits until a terminal has taken everything written. A terminal that takes nothing (Ctrl-S, a dead ssh) would stop the process,
 * and everybody's chat with it. From now on the remaining bytes wait in memory, as for a pipe (C89).
 */
export function neverWaitFor(stream: Writable & { isTTY?: boolean; _handle?: Handle | null }): void {
  if (stream.isTTY === true) stream._handle?.setBlocking?.(false)
}

/**
 * A closed terminal tells its shell, and the shell tells us. Not every shell does, and reading or writing may fail first: either way the
 * terminal has hung up.
 */
export function hangUpWith(process: NodeJS.Process): void {
  const { stdin, stdout } = process
  const hangUp = () => void process.emit('SIGHUP', 'SIGHUP')
  for (const stream of [stdin, stdout]) if (stream.isTTY === true) stream.on('error', hangUp)
  // In raw mode, Ctrl-D is a key like any other.
  if (stdin.isTTY === true) stdin.on('end', () => stdin.isRaw && hangUp())
}

/** Waits until the reader has taken all written bytes, at most `ms`: a reader of lines should not get half of one. */
export async function flushed(stream: Writable, ms: number): Promise<void> {
  if (stream.writableLength === 0) return
  await Promise.race([new Promise<void>((resolve) => stream.write('', () => resolve())), setTimeout(ms)])
}

export interface Stop {
  readonly exitCode: ExitCode
  readonly why: string
}

export interface StopSignal {
  readonly promise: Promise<Stop>
  /** Stops for a reason of the process itself. */
  now(exitCode: ExitCode, why: string): void
}

/**
 * Resolves when the process is asked to stop: gracefully the first time, at once the second (C88). An error outside any connection ends
 * the process as a bug (C90). A reader of our output that goes away ends nothing (C89).
 */
export function stopSignal(process: NodeJS.Process, log: Log): StopSignal {
  const { promise, resolve } = Promise.withResolvers<Stop>()
  let asked = false
  const ask = () => {
    if (asked) process.exit(exitCodes.interrupted)
    asked = true
    resolve({ exitCode: exitCodes.done, why: 'the host stops; come back in a moment' })
  }
  process.on('SIGINT', ask)
  process.on('SIGTERM', ask)
  // Arrives by itself when the terminal, or npm, ends after the first signal: it never means a second request.
  process.on('SIGHUP', () => asked || ask())
  process.on('uncaughtException', (error) => {
    log.error('a bug; please report it', { error: stackOf(error) })
    resolve({ exitCode: exitCodes.bug, why: `a bug of ours: ${error.message}` })
  })
  return { promise, now: (exitCode, why) => resolve({ exitCode, why }) }
}
