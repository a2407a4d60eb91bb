import { createTamtam } from '#app/index.ts'

// A host in a process of its own: says its port, answers what its memory is, and stops when its parent lets go.

const SAMPLE_MS = 10

const { listen, ...options } = JSON.parse(process.argv[2] ?? '{}')
const tamtam = createTamtam({ freeSpaceFloorBytes: 0, ...options })
await tamtam.start()
const { port } = await tamtam.listen(listen)

let peak = 0
const sample = () => {
  peak = Math.max(peak, process.memoryUsage.rss())
}
setInterval(sample, SAMPLE_MS).unref()

process.on('message', () => {
  sample()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send?.({ peak, settled: rss, live: heapUsed + external })
  peak = 0
})
process.on('disconnect', () => void tamtam.stop().then(() => process.exit(0)))
process.send?.({ port })
