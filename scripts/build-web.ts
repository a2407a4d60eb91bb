// Builds the page into dist/page: hashed names, and each file also as gzip and Brotli, so that the host need not compress.
// `scripts/set-up.mjs` runs it when the sources are other ones than the last time; its argument is their digest.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, defaultClientConditions, type Plugin } from 'vite'
import { withoutDescriptions } from './library-build.ts'

const sources = 'src/adapters/web'
const place = 'dist/page'
const own = (what: string) => `${place}-${what}-${process.pid}`
const ATTEMPTS = 10
const [stamp = ''] = process.argv.slice(2)

// A test run that builds it says `test`, and JSX would be made for debugging.
process.env['NODE_ENV'] = 'production'
const built = own('new')
/** Of what the page loads later nothing is fetched ahead, and it has no styles of its own: Vite's helper for both is a kB for nothing. */
const noPreload: Plugin = {
  name: 'no-preload',
  enforce: 'pre',
  load: (id) => (id.includes('vite/preload-helper') ? 'export const __vitePreload = (load) => load()' : undefined),
}
// Each page by itself: in one script it is smaller than with a part that two share.
for (const html of readdirSync(sources).filter((name) => name.endsWith('.html')))
  await build({
    root: sources,
    configFile: false,
    logLevel: 'warn',
    // Scripts and styles find each other wherever the host is; the addresses in a page are made whole by the host, which knows its base path.
    experimental: {
      renderBuiltUrl: (path, { hostType }) => (hostType === 'html' ? `/${path}` : { relative: true }),
    },
    plugins: [noPreload, withoutDescriptions],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    // rxjs in classes, not in what stood for them: a few kB less.
    resolve: { conditions: ['es2015', ...defaultClientConditions] },
    build: {
      outDir: join(import.meta.dirname, '..', built),
      emptyOutDir: false,
      target: 'es2022',
      // The policy of the page forbids what is written into it.
      assetsInlineLimit: 0,
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: { input: join(sources, html) },
    },
  })

for (const entry of readdirSync(built, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  const path = join(entry.parentPath, entry.name)
  const bytes = readFileSync(path)
  const packed = {
    br: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    gz: gzipSync(bytes, { level: 9 }),
  }
  for (const [ending, smaller] of Object.entries(packed))
    if (smaller.length < bytes.length) writeFileSync(`${path}.${ending}`, smaller)
}
writeFileSync(join(built, '.stamp'), stamp)

// In one move, for a host that starts just now. Another start may do the same at this moment.
const before = own('old')
for (let attempt = 1; existsSync(built); attempt++)
  try {
    if (existsSync(place)) renameSync(place, before)
    renameSync(built, place)
  } catch (error) {
    if (attempt === ATTEMPTS) throw error
  } finally {
    rmSync(before, { recursive: true, force: true })
  }
