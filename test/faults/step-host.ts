import { createTamtam } from '#app/index.ts'

// A host that knows how long the longest step on its main thread was, in processor time: what else the machine does is left out.
//   node step-host.ts <data directory>      its parent asks by a message

const SAMPLE_MS = 1

const [, , data = ''] = process.argv
const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0, limits: { historyEntries: 100_000_000 } })
await tamtam.start()
const { port } = await tamtam.listen({ port: 0 })

let longest = 0
let before = process.threadCpuUsage()
const sample = (): void => {
  const { user, system } = process.threadCpuUsage()
  longest = Math.max(longest, user + system - before.user - before.system)
  before = { user, system }
}
setInterval(sample, SAMPLE_MS).unref()

process.on('message', () => {
  sample()
  process.send?.({ longestMs: longest / 1000 })
  longest = 0
})
process.on('disconnect', () => void tamtam.stop().then(() => process.exit(0)))
process.send?.({ port })
