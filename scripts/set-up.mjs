// Sets up what has changed: the installed dependencies when the lockfile is another, a Node that runs TypeScript sources when the
// machine's own is older, and the program and its page when their sources are others. tamtam itself needs less than half of the dependencies;
// the rest is installed once a program for development runs. Plain JavaScript, because Node 20 must run it.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { currentState, isModern, root, sourcesNow, stateFile } from './set-up-state.mjs'

const modules = join(root, 'node_modules')
const adapters = (...names) => names.map((name) => join('src', 'adapters', name))
/** What is built, of which sources, by which of the scripts. */
const page = {
  sources: [...adapters('web', 'i18n', 'protocol', 'client', 'terminal'), join('src', 'domain')],
  script: 'build-web.ts',
}
const program = { sources: ['src'], except: join('src', 'adapters', 'web'), script: 'build-program.ts' }
/** The clock of a file system may tick as seldom: a source that changes twice between two ticks shows the same time. */
const TICK_MS = 50

/** Answers what the launcher needs, and notes it, so that the next start finds it by a look at the file system. */
export async function setUp(kind) {
  const release = await lock()
  try {
    return currentState(kind) ?? (await setUpAlone(kind))
  } finally {
    release()
  }
}

/**
 * Waits until no other start sets up this checkout. The lock is the name of a local socket, which the system takes back when its process ends in any
 * way; whoever waits is connected to it, and hears that.
 */
async function lock() {
  const name = `tamtam-set-up-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`
  const kinds = { linux: `\0${name}`, win32: `\\\\.\\pipe\\${name}` }
  const address = kinds[process.platform] ?? join(tmpdir(), name)
  for (let isTold = false; ; isTold = true) {
    const waiting = new Set()
    const server = createServer((socket) => waiting.add(socket.on('error', () => {})))
    const error = await new Promise((resolve) => server.on('error', resolve).listen(address, resolve))
    if (error === undefined) {
      return () => {
        server.close()
        for (const socket of waiting) socket.destroy()
      }
    }
    // Where it can have no such name, two starts may meet.
    if (error.code !== 'EADDRINUSE') return () => {}
    if (!isTold) say('another start sets up this checkout; waiting for it')
    const socket = connect(address)
    const refused = await new Promise((resolve) =>
      socket
        .on('error', resolve)
        .on('close', () => resolve())
        .resume(),
    )
    // A file that a killed start left, where sockets are files.
    if (refused?.code === 'ECONNREFUSED' && !(process.platform in kinds)) rmSync(address, { force: true })
  }
}

async function setUpAlone(kind) {
  const { text: before, newest } = sourcesNow()
  const beganAt = Date.now()
  const installed = await ensureDependencies(kind)
  const node = await modernNode()
  const state = { kind: installed, node, program: await ensureProgram(node) }
  await ensurePage(node)
  const { text: sources } = sourcesNow()
  const isSettled = newest < beganAt - TICK_MS && ownSources(before) === ownSources(sources)
  note({ ...state, sources: isSettled ? sources : '' })
  return state
}

const ownSources = (text) => text.replace(/^(node_modules|dist)\/.*$/gm, '')

/** In a checkout that can only be read, each start looks again. */
function note(state) {
  const own = `${stateFile}-${process.pid}`
  try {
    writeFileSync(own, JSON.stringify(state))
    renameSync(own, stateFile)
  } catch {}
}

const say = (line) => process.stderr.write(`tamtam set-up: ${line}\n`)

/** Runs another program to its end. A signal ends both. */
async function succeeds(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  const end = (signal) => {
    child.kill(signal)
    process.exit(1)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, end)
  const code = await new Promise((resolve) => child.on('error', resolve).on('exit', resolve))
  for (const signal of signals) process.off(signal, end)
  return code === 0
}

async function npm(args, why) {
  say(why)
  if (await succeeds('npm', [...args, '--loglevel=error', '--ignore-scripts', '--no-audit', '--no-fund'])) return
  say(`npm ${args[0]} failed; is the npm registry reachable from here? Run the same command again once it is.`)
  process.exit(1)
}

/** Notes in node_modules what is installed: the digest of the lockfile, and whether it is enough for `development` or only for `tamtam`. */
async function ensureDependencies(needed) {
  const stamp = join(modules, '.tamtam-set-up')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const [installedLock, installed] = existsSync(stamp) ? readFileSync(stamp, 'utf8').split(' ') : []
  const isCurrent = installedLock === lock
  // Who develops here goes on doing so.
  const wanted = installed === 'development' ? installed : needed
  if (isCurrent && installed === wanted) return installed
  // Where npm is killed the next start begins anew.
  rmSync(stamp, { force: true })
  if (wanted === 'tamtam') {
    // What builds program and page is optional: the package that users install does without it. And typescript is left out, which valibot can
    // do without, but npm counts as its peer.
    await npm(['ci', '--omit=dev', '--legacy-peer-deps'], 'installing the dependencies of tamtam (once)')
  } else if (isCurrent) await npm(['install', '--no-save'], 'installing the dependencies of development, too (once)')
  // Of another lockfile only the difference: `ci` would begin anew, for minutes on a busy machine.
  else if (installed === 'development') await npm(['install', '--no-save'], 'installing what the lockfile has changed')
  else await npm(['ci'], 'installing the dependencies of development (once)')
  writeFileSync(stamp, `${lock} ${wanted}`)
  return wanted
}

/** The path of a Node that runs our sources: this one, or the one carried in node_modules, which `scripts/node` pins by digest. */
async function modernNode() {
  if (isModern()) return process.execPath
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
    await npm(['ci', '--prefix', home], `fetching Node ${version}, because this is ${process.version} (once)`)
    // npm leaves out an optional package whose bytes are not those of the lockfile, and says nothing.
    if (!existsSync(node)) {
      say(
        `the registry did not give the ${name} ${version} that scripts/node/package-lock.json names by digest; nothing of it is run`,
      )
      process.exit(1)
    }
    // A third of it: headers for building add-ons, which nobody does with it.
    rmSync(join(carried, 'include'), { recursive: true, force: true })
  }
  return node
}

function digestOf({ sources, except, script }) {
  const digest = createHash('sha256')
  for (const path of ['package.json', 'package-lock.json', 'tsconfig.json', join('scripts', script)])
    digest.update(readFileSync(join(root, path)))
  const walk = (folder) => {
    if (folder === except) return
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else digest.update(`${path}\n`).update(readFileSync(join(root, path)))
    }
  }
  for (const folder of sources) walk(folder)
  return digest.digest('hex')
}

const byName = (one, other) => (one.name < other.name ? -1 : 1)

/** Answers the file that starts the program. */
async function ensureProgram(node) {
  const digest = digestOf(program).slice(0, 16)
  const main = `dist/program-${digest}/main.js`
  if (existsSync(join(root, main))) return main
  say('building the program')
  if (await succeeds(node, [join('scripts', program.script), digest])) return main
  say('the program could not be built; the reason is above')
  process.exit(1)
}

async function ensurePage(node) {
  const digest = digestOf(page)
  const stamp = join(root, 'dist', 'page', '.stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  say('building the page')
  if (await succeeds(node, [join('scripts', page.script), digest])) return
  say('the page could not be built; everything else works without it')
}
