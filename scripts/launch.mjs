// Runs tamtam (`npm start`), or one of the project's own programs, on a bare checkout: what is missing or has changed is set up first. Where
// nothing is, tamtam starts after some milliseconds. Plain JavaScript, because Node 20 must run it.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { about, currentState, root } from './set-up-state.mjs'

/** The word for the program that users run; another word is the path of a program for development, and none sets up only. */
const TAMTAM = 'tamtam'
const [word, ...args] = process.argv.slice(2)
const kind = word === TAMTAM ? 'tamtam' : 'development'
/** How often we look whether npm is still there. */
const LOOK_MS = 500

/** Hears that npm has gone. */
let end = () => process.kill(process.pid, 'SIGHUP')
endWithNpm()
const state = currentState(kind) ?? (await (await import('./set-up.mjs')).setUp(kind))
if (word !== undefined) await run(state)

async function run({ node, program }) {
  // A small young generation frees the buffers of passing bytes early (`collectSeldom` of src/app/cli/host.ts is the other half of it).
  const flags = about.config.nodeFlags
  const main = word === TAMTAM ? root + program : word
  if (word === TAMTAM && node === process.execPath && flags.every((flag) => process.execArgv.includes(flag))) {
    process.argv.splice(1, 2, main)
    await import(pathToFileURL(main).href)
    return
  }
  const { dirname, delimiter } = await import('node:path')
  process.env.PATH = `${dirname(node)}${delimiter}${process.env.PATH}`
  // Sources are compiled once, not at every start.
  if (word !== TAMTAM) process.env.NODE_COMPILE_CACHE ??= `${root}node_modules/.cache/node`
  const all = [...flags, main, ...args]
  // In place of this process where Node can (from 22.15): signals and the exit code are then simply its own.
  if (typeof process.execve === 'function' && process.platform !== 'win32')
    process.execve(node, [node, ...all], process.env)
  const { spawn } = await import('node:child_process')
  const child = spawn(node, all, { stdio: 'inherit' })
  // A terminal sends SIGINT to the whole group: the child has it already, and a second one would mean "stop at once".
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  end = () => child.kill('SIGHUP')
  child.on('exit', (code, signal) =>
    signal ? process.exit(128 + (signal === 'SIGKILL' ? 9 : 15)) : process.exit(code ?? 1),
  )
}

/**
 * Between npm and us stands a shell, and a signal that ends npm ends that shell and nothing else: the host would go on for ever, with its port and
 * its data. So when npm, or the shell, has gone, we are told to hang up. The system names the parents of others on Linux only.
 */
function endWithNpm() {
  if (process.env.npm_package_name !== about.name || process.platform === 'win32') return
  const chain = [process.ppid]
  while (isOfNpm(chain.at(-1))) chain.push(parentOf(chain.at(-1)))
  const isGone = () => process.ppid !== chain[0] || chain.some((pid, at) => at > 0 && parentOf(chain[at - 1]) !== pid)
  const look = () => {
    if (!isGone()) return
    clearInterval(timer)
    end()
  }
  const timer = setInterval(look, LOOK_MS).unref()
  // It may have gone before we came.
  if (!/npm|yarn|bun|node/.test(ofProcess(chain.at(-1), 'cmdline') ?? 'npm')) end()
}

/** Whether the npm that started us started it: another one may be further up, as where a terminal was opened by a script. */
function isOfNpm(pid) {
  const environment = ofProcess(pid, 'environ')?.split('\0') ?? []
  return ['npm_lifecycle_event', 'npm_lifecycle_script'].every((name) =>
    environment.includes(`${name}=${process.env[name]}`),
  )
}

function parentOf(pid) {
  return Number(ofProcess(pid, 'stat')?.split(') ').at(-1).split(' ')[1])
}

function ofProcess(pid, what) {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8')
  } catch {
    return undefined
  }
}
