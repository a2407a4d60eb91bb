import { readFileSync } from 'node:fs'

/** Read rather than imported: the compiled program lies as deep as its sources, and a compiler would copy what is imported. */
const about = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}

export const version = about.version
