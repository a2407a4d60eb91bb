import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'

const PROGRAM = fileURLToPath(new URL('../../bench/main.ts', import.meta.url))
/** `npm run load` is the large edition. */
const SMALL = ['--only', 'stress', '--connections', '300', '--hostile', '60', '--rooms', '20', '--seconds', '5']

/** C82: p99.9 of the host's steps in processor time is some 5 ms; with this they hold everybody up, on whatever machine. */
const MOST_STEP_MS = 500

const ATTACKS = ['slow', 'flood', 'halfOpen', 'malformed', 'storm']

test('P4 P5 C61 C67 C69 C82 under slow, flooding, half-open, malformed and storming connections well-behaved clients of all protocols lose nothing', async () => {
  const json = join(await temporaryDirectory(), 'figures.json')
  // It fails where the host grew by more than its bound, too.
  await promisify(execFile)(process.execPath, [PROGRAM, ...SMALL, '--json', json], { timeout: 600_000 })
  const { sections } = JSON.parse(await readFile(json, 'utf8'))
  const outcome: Readonly<Record<string, number>> = sections[0].raw['300 connections'][0]
  console.log(`stress: ${JSON.stringify(outcome)}`)
  const { lost, wrong, cut, deliveries } = outcome
  expect({ lost, wrong, cut }).toEqual({ lost: 0, wrong: 0, cut: 0 })
  expect(deliveries).toBeGreaterThan(200)
  for (const attack of ATTACKS) expect(outcome[attack], attack).toBeGreaterThan(0)
  expect(outcome['files MB/s']).toBeGreaterThan(0)
  expect(outcome['memory + MiB']).toBeLessThan(177)
  // Of processor time: the time of other programs on the machine is not in it.
  expect(outcome['step p99.9 CPU ms']).toBeLessThan(MOST_STEP_MS)
})
