import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../../bench/stress.ts', import.meta.url))
/** `npm run load` is the large edition. */
const SMALL = ['--connections', '300', '--hostile', '60', '--rooms', '20', '--seconds', '5']

/** C82: p99.9 of the host's steps in processor time is some 5 ms; with this they hold everybody up, on whatever machine. */
const MOST_STEP_MS = 500

interface Outcome {
  readonly deliveries: number
  readonly lost: number
  readonly wrong: number
  readonly cut: number
  readonly attacks: Readonly<Record<string, number>>
  readonly filesMBPerSecond: number
  readonly loopDelayP999Ms: number
  readonly stepP999Ms: number
  readonly grownMB: number
  readonly mostGrownMB: number
}

test('P4 P5 C61 C67 C69 C82 under slow, flooding, half-open, malformed and storming connections well-behaved clients of all protocols lose nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...SMALL, '--json'], { timeout: 600_000 })
  const outcome = JSON.parse(stdout) as Outcome
  const { lost, wrong, cut, deliveries, attacks, grownMB, mostGrownMB, loopDelayP999Ms, stepP999Ms } = outcome
  console.log(
    `stress: ${deliveries} deliveries, ${lost} lost, ${wrong} out of order, ${cut} cut; ${JSON.stringify(attacks)}; ` +
      `the host grew by ${grownMB.toFixed(0)} MB; event loop p99.9 ${loopDelayP999Ms.toFixed(0)} ms, ${stepP999Ms.toFixed(0)} ms of it processor time`,
  )
  expect({ lost, wrong, cut }).toEqual({ lost: 0, wrong: 0, cut: 0 })
  expect(deliveries).toBeGreaterThan(200)
  for (const times of Object.values(attacks)) expect(times).toBeGreaterThan(0)
  expect(outcome.filesMBPerSecond).toBeGreaterThan(0)
  expect(grownMB).toBeLessThan(mostGrownMB)
  // Of processor time: the time of other programs on the machine is not in it.
  expect(stepP999Ms).toBeLessThan(MOST_STEP_MS)
})
