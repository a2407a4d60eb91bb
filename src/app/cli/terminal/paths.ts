import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

const MOST = 100

/** A path as a shell would read it: `~/` is the home folder. */
export const pathTyped = (typed: string): string => (/^~(?=\/|$)/.test(typed) ? join(homedir(), typed.slice(1)) : typed)

/** The paths that begin like this, as they would be typed; hidden ones only where a dot was typed. */
export async function pathsBeginning(begun: string): Promise<readonly string[]> {
  const slash = begun.lastIndexOf('/') + 1
  const [folder, name] = [begun.slice(0, slash), begun.slice(slash)]
  const entries = await readdir(pathTyped(folder === '' ? '.' : folder), { withFileTypes: true })
  return entries
    .filter((entry) => entry.name.startsWith(name) && (name.startsWith('.') || !entry.name.startsWith('.')))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .slice(0, MOST)
    .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
}
