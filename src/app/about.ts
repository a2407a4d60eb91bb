import { readShipped } from '#system/files/shipped.ts'

/** Read rather than imported: the compiled program lies as deep as its sources, and a compiler would copy an import. */
const about = JSON.parse(readShipped(new URL('../../package.json', import.meta.url)).toString()) as {
  readonly name: string
  readonly version: string
}

export const { name, version } = about
