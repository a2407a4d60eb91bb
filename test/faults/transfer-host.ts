import { createTamtam } from '#app/index.ts'

// A host that lets go of the files of paused uploads soon, so that a test can see that it does:
//   node transfer-host.ts <data directory>

const [, , data = ''] = process.argv
const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0, limits: { transferIdleMs: 200 } })
await tamtam.start()
const { port } = await tamtam.listen({ port: 0 })
process.stdout.write(`${JSON.stringify({ port, pid: process.pid })}\n`)
process.once('SIGTERM', () => void tamtam.stop().then(() => process.exit(0)))
