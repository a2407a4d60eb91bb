// A tamtam host in a process of its own: prints its port, and answers its parent's questions.
//   node host.ts '{"data":"<directory>","line":{…}}'      without `data` in memory
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { createTamtam } from '#app/index.ts'

const NS_PER_MS = 1e6
const US_PER_MS = 1e3
const CONNECTIONS = 25_000

const options = JSON.parse(process.argv[2] ?? '{}')
const tamtam = createTamtam({
  freeSpaceFloorBytes: 0,
  ...options,
  onBroken: (error) => {
    throw error
  },
})
await tamtam.start()
const { port } = await tamtam.listen({ port: 0, connections: CONNECTIONS })

const delay = monitorEventLoopDelay({ resolution: 1 })
/** Processor time of this thread between two samples, in µs: other programs' time is not in it. */
const steps = createHistogram()
let before = { user: 0, system: 0 }
function step(): void {
  const { user, system } = process.threadCpuUsage()
  steps.record(Math.max(1, user + system - before.user - before.system))
  before = { user, system }
}

interface Asked {
  readonly id: number
  readonly question: 'collect' | 'release' | 'watchDelay' | 'delay' | 'watchSteps' | 'steps'
}
process.on('message', ({ id, question }: Asked) => {
  if (question === 'collect') globalThis.gc?.()
  // Gives free pages back too: the figure is the memory needed now.
  if (question === 'release') globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  if (question === 'watchDelay') {
    delay.reset()
    delay.enable()
  }
  if (question === 'watchSteps') {
    before = process.threadCpuUsage()
    setInterval(step, 1).unref()
  }
  const result = question === 'steps' ? steps.percentile(99.9) / US_PER_MS : delay.percentile(99.9) / NS_PER_MS
  process.send?.({ id, result })
})
process.stdin.once('end', () => process.exit(0)).resume()
process.stdout.write(`${JSON.stringify({ port })}\n`)
