// A tamtam host in a process of its own: says its port, and tells its parent how it is.
//   node host.ts '{"data":"<directory>","line":{…}}'      without `data` all is kept in memory
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createTamtam } from '../src/app/index.ts'
import { stopWithParent } from './load/jobs.ts'

const NS_PER_MS = 1e6
const CONNECTIONS = 25_000

const tamtam = createTamtam({
  freeSpaceFloorBytes: 0,
  ...JSON.parse(process.argv[2] ?? '{}'),
  onBroken: (error) => {
    throw error
  },
})
await tamtam.start()
const { port } = await tamtam.listen({ port: 0, connections: CONNECTIONS })

const delay = monitorEventLoopDelay({ resolution: 1 })
process.on('message', ({ id, question }: { id: number; question: 'collect' | 'release' | 'watchDelay' | 'delay' }) => {
  if (question === 'collect') globalThis.gc?.()
  // Gives free pages back too: what is measured then is what is needed, not what was.
  if (question === 'release') globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  if (question === 'watchDelay') {
    delay.reset()
    delay.enable()
  }
  process.send?.({ id, result: delay.percentile(99.9) / NS_PER_MS })
})
stopWithParent()
process.stdout.write(`${JSON.stringify({ port })}\n`)
