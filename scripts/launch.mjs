// Runs one of the project's programs on a bare checkout. First it installs the dependencies when the lockfile has changed, fetches a
// Node that runs TypeScript sources when the machine's own is older, and builds the page when its sources have changed. tamtam itself
// needs less than half of the dependencies; the others are installed once a program for development runs. Plain JavaScript, because
// Node 20 must run it.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(root, 'node_modules')
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const oldestNode = /\d+\.\d+/.exec(about.engines.node)[0].split('.').map(Number)
/** The program that users run; all others here are for development. */
const tamtam = 'src/app/main.ts'
/** What the page is made of. */
const pageSources = ['web', 'i18n', 'protocol', 'client', 'terminal'].map((name) => join('src', 'adapters', name))
pageSources.push(join('src', 'domain'))
// A small young generation frees the buffers of passing bytes early, and room to grow before the first full collection keeps
// those few: measured, an upload costs 40 % less processor time than with V8's defaults or with one of the two. A heap that may
// grow to three times what is in use before the next one leaves a seventh of those collections where four files move at once.
const flags = about.config.nodeFlags

const say = (line) => process.stderr.write(`tamtam set-up: ${line}\n`)

function npm(args, why) {
  say(why)
  const quiet = ['--loglevel=error', '--ignore-scripts', '--no-audit', '--no-fund']
  const run = spawnSync('npm', [...args, ...quiet], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (run.status === 0) return
  say(`npm ${args[0]} failed; is the npm registry reachable from here? Run the same command again once it is.`)
  process.exit(1)
}

/** Notes in node_modules what is installed: the digest of the lockfile, and whether it is enough for `development` or only for `tamtam`. */
function ensureDependencies(needed) {
  const stamp = join(modules, '.tamtam-set-up')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const [installedLock, installed] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split(' ') : []
  const isCurrent = installedLock === lock
  // Who develops here goes on doing so.
  const wanted = installed === 'development' ? installed : needed
  if (isCurrent && installed === wanted) return
  if (wanted === 'tamtam') {
    // What builds the page is optional: the package that users install does without it. And typescript is left out, which valibot can
    // do without, but npm counts as its peer.
    npm(['ci', '--omit=dev', '--legacy-peer-deps'], 'installing the dependencies of tamtam (once)')
  } else if (isCurrent) npm(['install', '--no-save'], 'installing the dependencies of development, too (once)')
  else npm(['ci'], 'installing the dependencies of development (once)')
  writeFileSync(stamp, `${lock} ${wanted}`)
}

/** The path of a Node that runs our sources: this one, or the one carried in node_modules, which `scripts/node` pins by digest. */
function modernNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const pins = join(root, 'scripts', 'node')
  const version = JSON.parse(readFileSync(join(pins, 'package.json'), 'utf8')).optionalDependencies[name]
  if (version === undefined) {
    say(
      `this is Node ${process.version}, and there is none to fetch for ${process.platform} ${process.arch}: install Node 24`,
    )
    process.exit(1)
  }
  const home = join(modules, '.node')
  const carried = join(home, 'node_modules', name)
  const node = join(carried, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(node) || JSON.parse(readFileSync(join(carried, 'package.json'), 'utf8')).version !== version) {
    mkdirSync(home, { recursive: true })
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(pins, file), join(home, file))
    npm(['ci', '--prefix', home], `fetching Node ${version}, because this is ${process.version} (once)`)
    // npm leaves out an optional package whose bytes are not those of the lockfile, and says nothing.
    if (!existsSync(node)) {
      say(
        `the registry did not give the ${name} ${version} that scripts/node/package-lock.json names by digest; nothing of it is run`,
      )
      process.exit(1)
    }
  }
  return node
}

function ensurePage(node) {
  const digest = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  digest.update(readFileSync(join(root, 'scripts', 'build-web.ts')))
  for (const folder of pageSources)
    for (const name of readdirSync(join(root, folder), { recursive: true }).sort())
      if (/\.\w+$/.test(name)) digest.update(`${name}\n`).update(readFileSync(join(root, folder, name)))
  const wanted = digest.digest('hex')
  const stamp = join(root, 'dist', 'page', '.stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('building the page')
  const build = spawnSync(node, [join('scripts', 'build-web.ts'), wanted], { cwd: root, stdio: ['ignore', 2, 2] })
  if (build.status !== 0) say('the page could not be built; everything else works without it')
}

function run(node, args) {
  // In place of this process where Node can (from 22.15): signals and the exit code are then simply its own.
  if (typeof process.execve === 'function' && process.platform !== 'win32')
    process.execve(node, [node, ...args], process.env)
  const child = spawn(node, args, { stdio: 'inherit' })
  // A terminal sends SIGINT to the whole group: the child has it already, and a second one would mean "stop at once".
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) =>
    signal ? process.exit(128 + (signal === 'SIGKILL' ? 9 : 15)) : process.exit(code ?? 1),
  )
}

const [program] = process.argv.slice(2)
ensureDependencies(program === tamtam ? 'tamtam' : 'development')
const node = modernNode()
process.env.PATH = `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`
ensurePage(node)
// Sources are compiled once, not at every start.
process.env.NODE_COMPILE_CACHE ??= join(modules, '.cache', 'node')
run(node, [...flags, ...process.argv.slice(2)])
