// Builds the program into dist/program-<digest>: our sources and the packages they use in a few files, each loaded when it is first needed,
// so that a command starts in a tenth of a second. `scripts/set-up.mjs` runs it when the sources are other ones than the last time; its argument is their digest.
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, resolve } from 'node:path'
import { Script } from 'node:vm'
import { build, type Plugin, type Rolldown } from 'vite'

const [digest = ''] = process.argv.slice(2)
const place = join('dist', `program-${digest}`)
const built = `${place}-new-${process.pid}`
/** So many builds stay: a host that runs may still load a file of its own. */
const KEPT = 5

/** An import of another file of ours, as the bundler writes it, or a file that only passes on. */
const STATIC = /^(import|export) (?:.* from )?"\.\/([^"\n]+)";$/gm

/** Packages that other packages would use if they were installed. */
const absent = ['react-devtools-core', 'msgpackr-extract', 'bufferutil', 'utf-8-validate']
const builtin = new Set(builtinModules)
const isBuiltin = (name: string): boolean => name.startsWith('node:') || builtin.has(name)

/**
 * An import of `node:http` or `node:fs` evaluates everything that they can export, undici too, which takes longer than all else at a start; asked
 * for by name they load only the used part.
 */
const builtinsByName: Rolldown.Plugin = {
  name: 'builtins-by-name',
  renderChunk: (code) => ({
    code: code.replace(
      /^import (?:([^'"\n]+) from )?["']([^'"\n]+)["'];$/gm,
      (line, names: string | undefined, from) => (isBuiltin(from) ? constant(names, from) : line),
    ),
    // Each line stays where it is.
    map: null,
  }),
}

function constant(names: string | undefined, from: string): string {
  const module = `process.getBuiltinModule("${from}")`
  const [, whole, star, named] = /^([\w$]+)?(?:, )?(?:\* as ([\w$]+))?(?:\{(.*)\})?$/.exec(names ?? '') ?? []
  const parts = [whole, star, named === undefined ? undefined : `{${named.replaceAll(' as ', ': ')}}`]
  const made = parts.filter((part) => part !== undefined).map((part) => `${part} = ${module}`)
  return made.length === 0 ? '' : `const ${made.join(', ')};`
}

/** Nothing of the program runs another (C49), and a package that could costs each start its loading. */
const noOtherPrograms: Plugin = {
  name: 'no-other-programs',
  enforce: 'pre',
  resolveId: (name) => (/^(node:)?child_process$/.test(name) ? '\0none' : null),
  load: (id) => (id === '\0none' ? 'module.exports = {}' : null),
}

/** Native parts that ssh2 does without: asked for in vain, as where nobody has built them. */
const noNativeParts: Plugin = {
  name: 'no-native-parts',
  enforce: 'pre',
  resolveId: (name) => (/^cpu-features$|\/sshcrypto\.node$/.test(name) ? '\0no-native' : null),
  load: (id) => (id === '\0no-native' ? "throw new Error('no native part')" : null),
}

/** A package that makes certificates asks for tsyringe by `require`: what it gets that way has its values later (`scriptOf`), and is not ours. */
const ownTsyringe: Plugin = {
  name: 'own-tsyringe',
  enforce: 'pre',
  resolveId: (name, importer) =>
    name === 'tsyringe' && importer?.includes('node_modules') === false
      ? resolve('node_modules/tsyringe/dist/esm2015/index.js')
      : null,
}

/** The licences of all packages in the files, as each asks for. */
const licences: Rolldown.Plugin = {
  name: 'licences',
  generateBundle(_, files) {
    const folders = new Set<string>()
    for (const file of Object.values(files))
      if (file.type === 'chunk') for (const path of file.moduleIds) folders.add(packageOf(path))
    folders.delete('')
    const source = [...folders]
      .sort()
      .map(licenceOf)
      .join(`\n${'-'.repeat(80)}\n\n`)
    this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source })
  },
}

/** `…/node_modules/@a/b`; empty for a source of our own. */
const packageOf = (path: string): string => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0] ?? ''

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  const text = texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n')
  return `${name} ${version} (${license})\n\n${text}\n`
}

await build({
  configFile: false,
  logLevel: 'warn',
  // Its modules, of which only the used ones are taken, in place of what Node would load.
  resolve: { alias: [{ find: /^rxjs$/, replacement: resolve('node_modules/rxjs/dist/esm/index.js') }] },
  plugins: [noOtherPrograms, noNativeParts, ownTsyringe, licences],
  // What tells React, and others, that nobody develops here.
  // A package of CommonJS asks for its folder, in which it then looks for nothing.
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"', __dirname: '""' },
  ssr: { noExternal: true, external: absent },
  build: {
    ssr: true,
    outDir: built,
    target: 'node22',
    minify: false,
    sourcemap: true,
    copyPublicDir: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        main: 'src/app/load.ts',
        tamtam: 'src/app/main.ts',
        journal: 'src/adapters/storage/sqlite/worker.ts',
      },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name]-[hash].js',
        plugins: [builtinsByName],
      },
    },
  },
})

for (const name of readdirSync(built)) if (name.endsWith('.map')) withoutTexts(join(built, name))
asScripts()
// A thread begins as the program does, with another script.
cpSync(join(built, 'main.js'), join(built, 'worker.js'))

// In one move: a start sees all of it or nothing, and where two build at once, the second finds the same in place.
try {
  renameSync(built, place)
} catch (error) {
  if (!existsSync(join(place, 'main.js'))) throw error
  rmSync(built, { recursive: true })
}
removeOld()

/** Makes a script for `src/app/load.ts` of each module but that: a function that gets what it imports, and answers what it exports. */
function asScripts(): void {
  const isAsync = new Map<string, boolean>()
  const names = readdirSync(built).filter((name) => name.endsWith('.js') && name !== 'main.js')
  for (const name of names) asScript(name)

  function asScript(name: string): boolean {
    const known = isAsync.get(name)
    if (known !== undefined) return known
    const path = join(built, name)
    const code = readFileSync(path, 'utf8')
    const waits = [...code.matchAll(STATIC)].filter(([, , from = '']) => asScript(from)).length > 0
    const script = scriptOf(code, waits)
    writeFileSync(path, script)
    isAsync.set(name, script.startsWith('(async'))
    return script.startsWith('(async')
  }
}

/** Each line stays where it is. `waits`: it imports one that is asynchronous. */
function scriptOf(code: string, waits: boolean): string {
  const exported: string[] = []
  const given = (names: string, of = '') =>
    names.split(',').forEach((each) => {
      const [local = '', name = local] = each.trim().split(' as ')
      // Importers get the value of now.
      if (
        of === '' &&
        new RegExp(`^(?:var|let) (?:[^=;]*, )?${local.replaceAll('$', '\\$')}(?:, [^=;]*)?;$`, 'm').test(code)
      )
        throw new Error(`${local} is exported and gets its value later`)
      exported.push(`${name}: ${of}${local}`)
    })
  const load = (name: string, wait = waits) => `${wait ? 'await ' : ''}__load("${name}")`
  const body = code
    .replace(/^#!.*|^\/\/# sourceMappingURL=.*$/gm, '')
    .replace(/^import (?:\{(.*)\} from )?"\.\/([^"\n]+)";$/gm, (_, names: string | undefined, from: string) =>
      names === undefined ? `${load(from)};` : `const {${names.replaceAll(' as ', ': ')}} = ${load(from)};`,
    )
    // A package that nobody has.
    .replace(/^import (\w+) from ("[^."\n][^"\n]*");$/gm, 'const { default: $1 } = await import($2);')
    .replace(/^export \{(.*)\} from "\.\/([^"\n]+)";$/gm, (_, names: string, from: string) => {
      given(names, `(${load(from)}).`)
      return ''
    })
    .replace(/^export \{ ?(.*?) ?\};$/gm, (_, names: string) => {
      if (names !== '') given(names)
      return ''
    })
    .replace(/^export default (.*);$/gm, (_, value: string) => {
      exported.push(`default: ${value}`)
      return ''
    })
    .replace(/\bimport\("\.\/([^"\n]+)"\)/g, '(async () => __load("$1"))()')
    .replace(/\bimport\.meta\b/g, '__meta')
  const script = (kind: string) =>
    `(${kind}function (__load, __meta) { "use strict"; ${body}\nreturn { ${exported.join(', ')} };\n})`
  if (!waits && isProper(script(''))) return script('')
  new Script(script('async '))
  return script('async ')
}

/** Whether it can be compiled: `await` at the top of a module cannot, in a plain function. */
function isProper(script: string): boolean {
  try {
    new Script(script)
    return true
  } catch {
    return false
  }
}

/** A map names the lines of sources. Their text is beside it in a checkout, and of no use elsewhere. */
function withoutTexts(path: string): void {
  const { sourcesContent: _, ...map } = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify(map))
}

function removeOld(): void {
  const builds = readdirSync('dist').filter((name) => name.startsWith('program-'))
  const byAge = builds.map((name) => ({ name, at: ageOf(join('dist', name)) })).sort((one, other) => other.at - one.at)
  for (const { name } of byAge.slice(KEPT)) rmSync(join('dist', name), { recursive: true, force: true })
}

function ageOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
