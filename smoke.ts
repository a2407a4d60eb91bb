import { createTamtam } from '#app/index.ts'
const log = { info: console.error, warn: console.error, error: console.error, debug() {} }
const tamtam = createTamtam({ overrides: { log: log as never } })
await tamtam.start()
const { port } = await tamtam.listen({ port: Number(process.argv[2] ?? 0) })
console.log(port)
setTimeout(() => process.exit(), 60000)
