import { createTamtam } from '#app/index.ts'

// A host with other settings of the listener than the program has, and what happens in its lobby, one line for each:
//   node eager-host.ts '{"host":"10.77.0.1","keepAliveMs":1000}'

const tamtam = createTamtam()
await tamtam.start()
const { port } = await tamtam.listen({ port: 0, ...JSON.parse(process.argv[2] ?? '{}') })
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)
say({ port, pid: process.pid })
const watcher = await tamtam.engine.join({ room: 'lobby', name: 'watcher' })
watcher.events$.subscribe(say)
