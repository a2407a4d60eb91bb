// `npm test`: every check, then every test; closes with one line that counts them. TEST_REPORT=<file> keeps the report, for `npm run test-report`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check } from './check.ts'

const results = mkdtempSync(join(tmpdir(), 'tamtam-test-'))
const report = process.env['TEST_REPORT'] ?? join(results, 'vitest.json')
const checked = await check()
const args = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
]
const run = spawnSync(process.execPath, [...args, ...process.argv.slice(2)], { stdio: 'inherit' })
const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8')) as Record<
  string,
  number
>
rmSync(results, { recursive: true })
console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)
process.exit(checked && run.status === 0 ? 0 : 1)
