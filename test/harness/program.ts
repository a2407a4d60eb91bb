import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)
const { config } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))

/** The built program, as `npm start` runs it. `vitest.config.ts` has it built where a source has changed. */
export const MAIN = fileURLToPath(
  new URL(JSON.parse(readFileSync(new URL('dist/.set-up', ROOT), 'utf8')).program, ROOT),
)

/** What `npm start` gives the runtime: how much memory a host takes depends on it. */
export const LAUNCH_FLAGS: readonly string[] = config.nodeFlags
export const NODE: readonly [string, ...string[]] = [process.execPath, ...LAUNCH_FLAGS]
