// `npm run pack`: compiles the library and packs it, with the built program and page, into dist/tamtam-room-<version>.tgz. The same
// sources always give the same bytes. Beside it goes the list of all packages that it may bring, with their digests (CycloneDX).
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'vite'
import { libraryBuild } from './library-build.ts'
import { packagesOf } from './lockfile.ts'

const place = 'dist/package'
const about = JSON.parse(readFileSync('package.json', 'utf8'))

rmSync(place, { recursive: true, force: true })
mkdirSync(join(place, 'bin'), { recursive: true })
for (const part of ['pack', 'pack-browser'])
  run(process.execPath, ['node_modules/tsc/bin/tsc', '-p', `tsconfig.${part}.json`])
await build(libraryBuild(join(place, 'browser')))
const { program } = JSON.parse(readFileSync('dist/.set-up', 'utf8'))
for (const [from, name] of [
  ['dist/page', 'page'],
  [dirname(program), 'program'],
] as const)
  cpSync(from, join(place, 'dist', name), { recursive: true, filter: (path) => !/\.(stamp|cache)$/.test(path) })
cpSync('packaging/tamtam.mjs', join(place, 'bin', 'tamtam.mjs'))
for (const name of ['README.md', 'README.id.md', 'CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'docs'])
  cpSync(name, join(place, name), { recursive: true })
mkdirSync(join(place, 'man'))
writeFileSync(join(place, 'man', 'tamtam.1'), manual())
writeFileSync(join(place, 'package.json'), `${JSON.stringify(published(), undefined, 2)}\n`)
run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', '..'], place)
writeFileSync(`dist/${about.name}-${about.version}.cdx.json`, bill())

/** What a user of the package needs of ours, with compiled files in the place of sources. */
function published() {
  const { name, version, description, license, type, engines, config } = about
  const dependencies = ofLibrary(about.dependencies)
  const compiled = (source: string) => source.replace(/\.ts$/, '.js')
  const exports = Object.fromEntries(
    Object.entries<string>(about.exports).map(([path, source]) => {
      const file = compiled(source)
      // What pages load is one script, whatever it was made of.
      const script = path === './browser' ? './browser/tamtam.js' : file
      return [path, { types: file.replace(/\.js$/, '.d.ts'), default: script }]
    }),
  )
  const imports = Object.fromEntries(
    Object.entries<string | { default: string }>(about.imports).map(([path, source]) => [
      path,
      compiled(typeof source === 'string' ? source : source.default),
    ]),
  )
  const bin = { tamtam: 'bin/tamtam.mjs' }
  const man = ['man/tamtam.1']
  return { name, version, description, license, type, engines, config, bin, man, exports, imports, dependencies }
}

/** The packages that the compiled library imports. Those of the built program are in it. */
function ofLibrary(dependencies: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const paths = globSync('{src,test}/**/*.{js,d.ts}', { cwd: place })
  const texts = paths.map((path) => readFileSync(join(place, path), 'utf8'))
  const isImported = (name: string) => {
    const pattern = new RegExp(`\\b(?:from|import)\\b[ (]*['"]${name}['"/]`)
    return texts.some((text) => pattern.test(text))
  }
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => isImported(name)))
}

/** As the program itself prints it. */
function manual(): string {
  const { stdout, status } = spawnSync(process.execPath, [program, 'man'], { encoding: 'utf8' })
  if (status !== 0) throw new Error('the manual page could not be made')
  return stdout
}

/** Of the lockfile, what is in the built program and what is optional too; `npm sbom` leaves that out. */
function bill(): string {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const components = packagesOf(lock.packages, Object.keys(about.dependencies)).map((path) => {
    const { version, integrity } = lock.packages[path]
    const name = path.replace(/^.*node_modules\//, '')
    const hash = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
    return { type: 'library', ...named(name, version), hashes: [{ alg: 'SHA-512', content: hash }] }
  })
  const component = { type: 'application', ...named(about.name, about.version) }
  const all = { bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, metadata: { component }, components }
  return `${JSON.stringify(all, undefined, 2)}\n`
}

function named(name: string, version: string) {
  return { name, version, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` }
}

function run(command: string, args: readonly string[], cwd = '.'): void {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], shell: false })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed`)
}
