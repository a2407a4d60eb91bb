import { readShipped } from '#system/files/shipped.ts'

/** Read rather than imported: the compiled program lies as deep as its sources, and a compiler would copy an import. */
const about = JSON.parse(readShipped(new URL('../../package.json', import.meta.url)).toString()) as {
  readonly name: string
  readonly version: string
}

export const { version } = about

/** A command of ours as it is typed here: in a checkout by npm. Without arguments, the one that hosts. */
export function ownCommand(
  args = '',
  { npm_lifecycle_event, npm_package_name }: NodeJS.ProcessEnv = process.env,
): string {
  const isByNpm = npm_lifecycle_event === 'start' && npm_package_name === about.name
  if (args === '') return isByNpm ? 'npm start' : 'tamtam'
  return `${isByNpm ? 'npm start --' : 'tamtam'} ${args}`
}
