import { readFileSync } from 'node:fs'

/** Read rather than imported: the compiled program lies as deep as its sources, and a compiler would copy an import. */
const about = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}

export const version = about.version
