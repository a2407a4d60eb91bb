import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)
const { config } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))

export const MAIN = fileURLToPath(new URL('src/app/main.ts', ROOT))
export const PATIENT_HOST = new URL('test/harness/patient-host.ts', ROOT).href

/** What `npm start` gives the runtime: how much memory a host takes depends on it. */
export const LAUNCH_FLAGS: readonly string[] = config.nodeFlags
export const NODE: readonly [string, ...string[]] = [process.execPath, ...LAUNCH_FLAGS]
