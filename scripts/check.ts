// Types, lint, import arrows, unused code and long files: what a reviewer should never have to point out.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'

/** A file is a chapter, read from top to bottom. */
const MOST_LINES = 450
/** Tables with a row for each event, command or body: nobody reads those from top to bottom. */
const TABLES = ['src/adapters/protocol/commands.ts', 'src/adapters/protocol/schema.ts', 'src/domain/room/events.ts']

const bin = (path: string) => `node_modules/${path}`
/** Types of one project; its state is kept, so that the next check reads only what changed. */
const types = (project: string) => {
  const state = `node_modules/.cache/types/${project.replaceAll('/', '-')}.tsbuildinfo`
  return [bin('tsc/bin/tsc'), '-p', project, '--incremental', '--checkers', '1', '--tsBuildInfoFile', state]
}
const steps: [name: string, args: string[]][] = [
  ['types', types('.')],
  ['types of the domain', types('src/domain')],
  ['types of the page', types('src/adapters/web')],
  ['types of its tests', types('test/browser')],
  ['lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings']],
  ['arrows', [bin('dependency-cruiser/bin/dependency-cruiser.mjs'), 'src', 'examples', '--output-type', 'err']],
  ['unused code', [bin('knip/bin/knip.js')]],
]

export async function check(): Promise<boolean> {
  // All of them, so that one look shows everything there is to mend.
  let ok = true
  const left = steps.values()
  const lane = async () => {
    for (const [name, args] of left) {
      const { passed, output } = await run(args)
      process.stdout.write(`${output}${passed ? 'ok' : 'FAILED'}  ${name}\n`)
      ok &&= passed
    }
  }
  await Promise.all([lane(), lane()])
  const tooLong = longFiles()
  for (const file of tooLong) process.stdout.write(`${file}\n`)
  process.stdout.write(`${tooLong.length === 0 ? 'ok' : 'FAILED'}  lengths of files\n`)
  return ok && tooLong.length === 0
}

function longFiles(): readonly string[] {
  const files = globSync('src/**/*.{ts,tsx}').map((path) => path.replaceAll('\\', '/'))
  return files.flatMap((path) => {
    const lines = readFileSync(path, 'utf8').split('\n').length - 1
    return lines <= MOST_LINES || TABLES.includes(path) ? [] : [`${path}: ${lines} lines, at most ${MOST_LINES}`]
  })
}

async function run(args: readonly string[]): Promise<{ passed: boolean; output: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const [status] = await once(child, 'close')
  return { passed: status === 0, output }
}

if (import.meta.main) process.exit((await check()) ? 0 : 1)
