import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startHostProcess } from '../harness/host.ts'
import { enter } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'

const STORM = fileURLToPath(new URL('./storm.ts', import.meta.url))
const A_SECOND = 2000
/** C69 has 60: `STORM_SECONDS=60`. */
const CONNECTIONS = A_SECOND * Number(process.env['STORM_SECONDS'] ?? 4)
/** Said and heard one after the other meanwhile. How long each takes is the machine's as much as the host's, and printed. */
const LEAST_LINES = 20
/** What is in use after a collection may be more by this. */
const SLACK_BYTES = 5e6

test(`C69 under ${CONNECTIONS} connections that break off at once, ${A_SECOND} a second at most, guests are served, and all of it is given back`, async () => {
  const { port, memory } = await startHostProcess()
  const [ani, budi] = [await enter(port, 'ani'), await enter(port, 'budi')]
  const connected = async () => /^tamtam_connections (\d+)$/m.exec((await ask(port, 'GET /metrics')).text)?.[1]
  expect(await connected()).toBe('3')
  const { live } = await memory()
  const storm = spawn(process.execPath, [STORM, String(port), String(A_SECOND), String(CONNECTIONS)])
  const made = once(storm.stdout, 'data')
  const waits: number[] = []
  while (storm.exitCode === null) {
    const began = performance.now()
    ani.write(`${waits.length} kata\n`)
    await budi.until(`<ani> ${waits.length} kata`)
    waits.push(performance.now() - began)
  }
  const connections = Number((await made)[0])
  waits.sort((one, other) => one - other)
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? Number.POSITIVE_INFINITY
  const from = performance.now()
  await until('all to be forgotten', async () => (await connected()) === '3')
  await until('the memory', async () => (await memory()).live < live + SLACK_BYTES)
  console.log(
    `C69: ${connections} connections; ${waits.length} lines, none lost, p99 ${p99.toFixed(0)} ms; as small as before after ${(performance.now() - from).toFixed(0)} ms`,
  )
  expect(connections).toBe(CONNECTIONS)
  expect(waits.length).toBeGreaterThan(LEAST_LINES)
  expect([ani.over, budi.over]).toEqual(['open', 'open'])
  expect(budi.talk).toHaveLength(waits.length)
})
