import { closeSync, existsSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorCode, makeDirectorySync } from '#system/files/file-system.ts'
import { textOf } from '#system/files/text.ts'
import { RandomIds } from '#system/ids.ts'
import { CommandFailed, exitCodes } from './cli/exit-codes.ts'
import { configDirectory } from './config.ts'

const OF_OTHERS = 0o077

/**
 * The value of `name` in the environment, or the first line of the file that `<name>_FILE` names: never from the command line, which
 * everybody on the machine can see (C121). A file that other users may open is refused.
 */
export function secretOf(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const given = env[name]
  // Without the marks of a file from Windows.
  if (given !== undefined && given !== '') return given.replace(/^\ufeff|[\r\n]+$/g, '')
  return secretInFile(`${name}_FILE`, env)
}

/** The first line of the file named by the environment. */
function secretInFile(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const path = env[name]
  return path === undefined || path === '' ? undefined : secretIn(path, name)
}

function secretIn(path: string, what: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      // Checked on the open file: another one may have the name by now.
      if ((fstatSync(file).mode & OF_OTHERS) !== 0)
        throw new CommandFailed(
          exitCodes.unsafeConfiguration,
          `others may open the file that ${what} names; make it yours alone: chmod 600`,
        )
      const text = textOf(readFileSync(file))
      if (typeof text !== 'string')
        throw new CommandFailed(exitCodes.usage, `the file that ${what} names can't be read: ${text.message}`)
      return text.split('\n', 1)[0]?.trim() ?? ''
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof CommandFailed) throw error
    const why = errorCode(error) ?? String(error)
    throw new CommandFailed(exitCodes.usage, `the file that ${what} names can't be read (${why})`, { cause: error })
  }
}

const KEY = /^[0-9a-f]{32}$/

/** The given key, or the person's own key for this name on this host. A guest has none. */
export function keyFor({ name, host, port }: KeyOwner, env: NodeJS.ProcessEnv): string {
  const given = givenKey(env)
  if (given !== undefined) return given
  return name === undefined ? new RandomIds().next() : ownKey({ name, host, port }, env)
}

/** Whether there is a key for this person. */
export const hasKey = ({ name }: KeyOwner, env: NodeJS.ProcessEnv): boolean =>
  name !== undefined || givenKey(env) !== undefined

/** Whether the person is known by a key: it was given, or the name has had one on this host. */
export const isKnown = ({ name, host, port }: KeyOwner, env: NodeJS.ProcessEnv): boolean =>
  hasGivenKey(env) || (name !== undefined && existsSync(keyPath({ name, host, port }, env)))

export const hasGivenKey = (env: NodeJS.ProcessEnv): boolean => givenKey(env) !== undefined

interface KeyOwner {
  readonly name?: string
  readonly host: string
  readonly port: number
}

function givenKey(env: NodeJS.ProcessEnv): string | undefined {
  const given = secretInFile('TAMTAM_KEY_FILE', env)
  if (given === undefined || KEY.test(given)) return given
  throw new CommandFailed(exitCodes.usage, 'the file that TAMTAM_KEY_FILE names holds no key')
}

const keyPath = ({ name, host, port }: Required<KeyOwner>, env: NodeJS.ProcessEnv): string =>
  join(configDirectory(env), 'keys', encodeURIComponent(`${name}@${host}:${port}`))

/**
 * The key by which a host recognises a person, kept for each name on each host, so that an operator stays one. If nothing can be kept,
 * it is a new one each time.
 */
function ownKey(owner: Required<KeyOwner>, env: NodeJS.ProcessEnv): string {
  const path = keyPath(owner, env)
  const fresh = new RandomIds().next()
  try {
    makeDirectorySync(dirname(path), 0o700)
    // The first process writes it; two at once get the same.
    writeFileSync(path, `${fresh}\n`, { flag: 'wx', mode: 0o600 })
    return fresh
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') return fresh
  }
  const kept = readFileSync(path, 'utf8').trim()
  return KEY.test(kept) ? kept : fresh
}
