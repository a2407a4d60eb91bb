import { ownCommand } from '#app/about.ts'
import { parseAddress } from '#client/address.ts'
import { Disconnected, GaveUp, NotTrusted, type Refusal, Unreachable } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import { NoSource } from '#system/files/source.ts'
import { CommandFailed, type ExitCode, exitCodes } from './exit-codes.ts'

/** The failure of a command after a refusal; `what` is its file or room. */
export const refused = (what: string, refusal: Refusal): CommandFailed =>
  new CommandFailed(
    exitCodeOf(refusal.status, refusal.code),
    forTerminal(`${what}: ${textOf(refusal)} (${refusal.code})`),
    { cause: refusal },
  )

/** A host does not reveal which of its secrets is missing; the command line explains how to give each. */
const textOf = ({ code, message }: Refusal): string =>
  code === 'NOT_FOUND' ? translatorFor(languageOf(process.env)).say('maybePrivate') : message

function exitCodeOf(status: number, code: string): ExitCode {
  if (code === 'HASH_MISMATCH' || code === 'BAD_FOLDER') return exitCodes.integrity
  if (code === 'EXISTS') return exitCodes.exists
  if (code === 'STREAM_LOST' || code === 'FILE_CHANGED') return exitCodes.incomplete
  if (status === 404 || status === 410) return exitCodes.notFound
  return exitCodes.refused
}

/** The same for an error, about `what` if known. A bug is passed on unchanged. */
export function failureOf(error: unknown, what?: string): unknown {
  const failed = (exitCode: ExitCode, message: string) =>
    new CommandFailed(exitCode, forTerminal(message), { cause: error })
  if (error instanceof Unreachable || error instanceof Disconnected) return failed(exitCodes.unreachable, error.message)
  if (error instanceof NotTrusted) return failed(exitCodes.refused, `${error.message} (${error.code})`)
  if (error instanceof GaveUp) return failed(exitCodes.incomplete, `gave up: ${error.message}`)
  if (error instanceof NoSource)
    return failed(exitCodes.notFound, what === undefined ? error.message : `${what}: ${error.message}`)
  const code = systemCode(error)
  return code === undefined ? error : failed(exitOf(code), systemText(code, error as Error, what))
}

/** Refusals by a room that apply to any file. */
const ABOUT_THE_SENDER = ['NOT_FOUND', 'NAME_TAKEN', 'BAD_ROOM', 'NO_SUCH_MEMBER', 'HOST_CHANGED', 'MISDIRECTED']
/** Errors of a disk that still takes other files. */
const ABOUT_THE_FILE = ['EFBIG', 'ENAMETOOLONG', 'EISDIR']

/** Whether everything after it would fail alike: the host cannot be reached or admits nobody, or there is no place for files. */
export function endsAll({ cause }: CommandFailed, done: 'sent' | 'got'): boolean {
  if (cause instanceof Error) {
    const code = systemCode(cause)
    return code === undefined ? isLostConnection(cause) : done === 'got' && !ABOUT_THE_FILE.includes(code)
  }
  const { status, code = '' } = (cause ?? {}) as Partial<Refusal>
  return status === 401 || status === 403 || (done === 'sent' && ABOUT_THE_SENDER.includes(code))
}

const isLostConnection = (error: Error): boolean =>
  [Unreachable, Disconnected, GaveUp, NotTrusted].some((kind) => error instanceof kind)

/** The reason of a failure, for programs. */
export function reasonOf({ cause, message }: CommandFailed): { readonly code?: string; readonly message: string } {
  const { code, message: said } = (cause ?? {}) as Partial<Refusal>
  return cause instanceof Error || code === undefined || said === undefined
    ? { ...(typeof code === 'string' ? { code } : {}), message }
    : { code, message: said }
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'you have no right to it',
  EPERM: 'you have no right to it',
  ENOTDIR: 'something in this path is a file, and no folder',
  EISDIR: 'it is a folder',
  ELOOP: 'the symbolic links in this path lead round in a circle',
  ENAMETOOLONG: 'the name is too long for this disk',
  ENXIO: 'nobody is at the other end of it',
  EAGAIN: 'there is nothing in it now',
  EINVAL: 'it can not be read or written like a file',
  EMFILE: 'too many files are open; ulimit -n says how many may be',
  EIO: 'the disk fails there',
  EFBIG: 'this disk takes no file of that size',
  ENOSPC: 'the disk is full; the received part stays, and the same command continues',
  EDQUOT: 'your part of the disk is full; the received part stays, and the same command continues',
  EROFS: 'nothing can be written there',
}

function systemText(code: string, error: Error, what?: string): string {
  const words = SYSTEM_WORDS[code]
  if (words === undefined) return what === undefined ? error.message : `${what}: ${error.message}`
  const path = what ?? ('path' in error ? error.path : undefined)
  return path === undefined ? words : `${path}: ${words}`
}

const REFUSED = ['EACCES', 'EPERM']
const ABSENT = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENAMETOOLONG', 'EAGAIN', 'EINVAL']
const NO_PLACE = ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EFBIG']

function exitOf(code: string): ExitCode {
  if (REFUSED.includes(code)) return exitCodes.refused
  if (ABSENT.includes(code)) return exitCodes.notFound
  return NO_PLACE.includes(code) ? exitCodes.disk : exitCodes.unexpected
}

const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

/** The command as typed, for repeating it; without a token that a link may contain (C121). */
export const commandTyped = (argv: readonly string[], env: NodeJS.ProcessEnv): string =>
  ownCommand(
    argv
      .slice(2)
      .map((word) => quoted(withoutToken(word)))
      .join(' '),
    env,
  )

function withoutToken(word: string): string {
  const address = parseAddress(word)
  return 'token' in address && address.token !== undefined ? word.replace(address.token, '…') : word
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${forTerminal(word).replaceAll("'", `'\\''`)}'`
