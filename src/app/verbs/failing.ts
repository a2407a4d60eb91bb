import { parseAddress } from '../../adapters/client/address.ts'
import { Disconnected, GaveUp, NotTrusted, type Refusal, Unreachable } from '../../adapters/client/failures.ts'
import { forTerminal } from '../../domain/text/terminal.ts'
import { CommandFailed, type ExitCode, exitCodes } from '../exit-codes.ts'

/** How a refusal ends the command, `what` being the file or room it was about. */
export const refused = (what: string, { status, code, message }: Refusal): CommandFailed =>
  new CommandFailed(exitCodeOf(status, code), forTerminal(`${what}: ${message} (${code})`))

function exitCodeOf(status: number, code: string): ExitCode {
  if (code === 'HASH_MISMATCH') return exitCodes.integrity
  if (code === 'EXISTS') return exitCodes.exists
  if (code === 'STREAM_LOST') return exitCodes.incomplete
  if (status === 404 || status === 410) return exitCodes.notFound
  return exitCodes.refused
}

/** The same for what was thrown. What is a bug stays what it is. */
export function failureOf(error: unknown): unknown {
  if (error instanceof Unreachable || error instanceof Disconnected)
    return new CommandFailed(exitCodes.unreachable, forTerminal(error.message), { cause: error })
  if (error instanceof NotTrusted)
    return new CommandFailed(exitCodes.refused, forTerminal(`${error.message} (${error.code})`), { cause: error })
  if (error instanceof GaveUp)
    return new CommandFailed(exitCodes.incomplete, forTerminal(`gave up: ${error.message}`), { cause: error })
  const code = systemCode(error)
  if (code === undefined) return error
  return new CommandFailed(exitOf(code), forTerminal(systemText(code, error as Error)), { cause: error })
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this may not be opened by you',
  ENOSPC: 'the disk is full; what arrived stays, and the same command goes on',
  EDQUOT: 'your part of the disk is full; what arrived stays, and the same command goes on',
  EROFS: 'nothing can be written there',
}

function systemText(code: string, error: Error): string {
  const words = SYSTEM_WORDS[code]
  if (words === undefined) return error.message
  return 'path' in error ? `${error.path}: ${words}` : words
}

function exitOf(code: string): ExitCode {
  if (code === 'ENOENT') return exitCodes.notFound
  return ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'].includes(code) ? exitCodes.disk : exitCodes.unexpected
}

const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

/** The command as it was typed, to type it again, but for the token that a link may have in it (C121). */
export const commandTyped = (argv: readonly string[]): string =>
  ['tamtam', ...argv.slice(2).map((word) => quoted(withoutToken(word)))].join(' ')

function withoutToken(word: string): string {
  const address = parseAddress(word)
  return 'token' in address && address.token !== undefined ? word.replace(address.token, '…') : word
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${forTerminal(word).replaceAll("'", `'\\''`)}'`
