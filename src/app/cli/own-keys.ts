import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCode, makeDirectorySync } from '#system/files/file-system.ts'
import { RandomIds } from '#system/ids.ts'
import { configDirectory } from '../config.ts'

const KEY = /^[0-9a-f]{32}$/

/**
 * The key by which a host knows somebody again, kept for each name on each host: an op stays an op. Where nothing can be kept, it is a
 * new one each time.
 */
export function ownKey(
  { name, host, port }: { name: string; host: string; port: number },
  env: NodeJS.ProcessEnv,
): string {
  const directory = join(configDirectory(env), 'keys')
  const path = join(directory, encodeURIComponent(`${name}@${host}:${port}`))
  const fresh = new RandomIds().next()
  try {
    makeDirectorySync(directory, 0o700)
    // Whoever comes first makes it; two at once have the same.
    writeFileSync(path, `${fresh}\n`, { flag: 'wx', mode: 0o600 })
    return fresh
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') return fresh
  }
  const kept = readFileSync(path, 'utf8').trim()
  return KEY.test(kept) ? kept : fresh
}
