import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)
const { config } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))

export const MAIN = fileURLToPath(new URL('src/app/main.ts', ROOT))

/** The runtime with the flags that `npm start` gives it: how much memory a host takes depends on them. */
export const NODE: readonly [string, ...string[]] = [process.execPath, ...config.nodeFlags]
