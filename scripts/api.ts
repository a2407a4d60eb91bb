// `npm run api`: writes docs/reference/api, the reference of the library, from its types and comments. `npm run api -- --check` compares.
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PLACE = 'docs/reference/api'
const about = JSON.parse(readFileSync('package.json', 'utf8'))

/** One page for each entry point. */
function write(folder: string): void {
  const flags = [
    ...[
      '--tsconfig',
      'tsconfig.api.json',
      '--plugin',
      'typedoc-plugin-markdown',
      '--router',
      'module',
      '--out',
      folder,
      '--readme',
      'none',
    ],
    ...[
      '--name',
      'API reference',
      '--excludeExternals',
      '--excludeInternal',
      '--excludePrivate',
      '--excludeProtected',
      '--disableSources',
    ],
    // `npm run check` reports them. Some types that are named belong to our servers, and are not exported.
    ...['--skipErrorChecking', '--validation.notExported', 'false', '--logLevel', 'Warn'],
    ...['--hidePageHeader', '--hideBreadcrumbs', '--parametersFormat', 'table', '--interfacePropertiesFormat', 'table'],
    ...['--classPropertiesFormat', 'table', '--typeDeclarationFormat', 'table', '--propertyMembersFormat', 'table'],
  ]
  const args = ['node_modules/typedoc/bin/typedoc', ...Object.values<string>(about.exports), ...flags]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error('typedoc failed')
}

const pages = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    globSync('**/*.md', { cwd: folder })
      .sort()
      .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  )

if (process.argv[2] === '--check') {
  const folder = mkdtempSync(join(tmpdir(), 'tamtam-api-'))
  write(folder)
  const isFresh = JSON.stringify(pages(folder)) === JSON.stringify(pages(PLACE))
  rmSync(folder, { recursive: true })
  if (!isFresh) console.error(`${PLACE} is stale: npm run api writes it`)
  process.exit(isFresh ? 0 : 1)
}
write(PLACE)
