// Types, lint, import arrows and unused code: what a reviewer should never have to point out.
import { spawnSync } from 'node:child_process'

const bin = (path: string) => `node_modules/${path}`
/** Types of one project; its state is kept, so that the next check reads only what changed. */
const types = (project: string) => {
  const state = `node_modules/.cache/types/${project.replaceAll('/', '-')}.tsbuildinfo`
  return [bin('typescript/bin/tsc'), '-p', project, '--incremental', '--tsBuildInfoFile', state]
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

export function check(): boolean {
  // All of them, so that one look shows everything there is to mend.
  const failed = steps.filter(([name, args]) => {
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    console.log(`${status === 0 ? 'ok' : 'FAILED'}  ${name}`)
    return status !== 0
  })
  return failed.length === 0
}

if (import.meta.main) process.exit(check() ? 0 : 1)
