// Types, lint, import arrows and unused code: what a reviewer should never have to point out.
import { spawnSync } from 'node:child_process'

const bin = (path: string) => `node_modules/${path}`
const steps: [name: string, args: string[]][] = [
  ['types', [bin('typescript/bin/tsc'), '-p', '.']],
  ['types of the domain', [bin('typescript/bin/tsc'), '-p', 'src/domain']],
  ['types of the page', [bin('typescript/bin/tsc'), '-p', 'src/adapters/web']],
  ['types of its tests', [bin('typescript/bin/tsc'), '-p', 'test/browser']],
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
