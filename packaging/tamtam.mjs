#!/usr/bin/env node
// The command of the installed package. Plain JavaScript, because an old Node must be able to say which one is needed.
const { readFileSync } = process.getBuiltinModule?.('node:fs') ?? (await import('node:fs'))

const about = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [needed] = /\d+\.\d+/.exec(about.engines.node)
const main = new URL('../dist/program/main.js', import.meta.url)
/** They ask and print, and need none of Node's flags but one, which can be had here: so they start in half the time. */
const QUICK = [
  'say',
  'ls',
  'tail',
  'rm',
  'drop-link',
  'token',
  'config',
  'man',
  'completion',
  'help',
  '--help',
  '-h',
  '--version',
]

if (isOlder(process.versions.node, needed)) {
  process.stderr.write(`tamtam: this is Node ${process.versions.node}, and tamtam needs Node ${needed} or later\n`)
  process.exit(78)
}
if (QUICK.includes(process.argv[2])) {
  // `--disable-proto=delete`
  Reflect.deleteProperty(Object.prototype, '__proto__')
  await import(main)
} else await withFlags()

async function withFlags() {
  const { fileURLToPath } = await import('node:url')
  const args = [...about.config.nodeFlags, fileURLToPath(main), ...process.argv.slice(2)]
  // In place of this process where Node can: signals and the exit code are then simply its own.
  if (typeof process.execve === 'function' && process.platform !== 'win32')
    process.execve(process.execPath, [process.execPath, ...args], process.env)
  const { spawn } = await import('node:child_process')
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + 15))
}

function isOlder(version, than) {
  const [major, minor] = version.split('.').map(Number)
  const [leastMajor, leastMinor] = than.split('.').map(Number)
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}
