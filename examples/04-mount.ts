// Rooms inside an HTTP service of yours, on its port. Run it: node examples/04-mount.ts
import { createServer } from 'node:http'
import { createTamtam } from 'tamtam-room'

const tamtam = createTamtam()
await tamtam.start()

const server = createServer((request, response) => {
  if (tamtam.handler.request(request, response)) return
  response.end('this is the shop\n')
})
server.on('upgrade', (request, connection, head) => {
  if (!tamtam.handler.upgrade(request, connection, head)) connection.destroy()
})
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`the shop is open on port ${address?.port}`)
})

// The shop itself has a voice in its room.
const clerk = await tamtam.engine.join({ room: 'shop', name: 'clerk' })
clerk.events$.subscribe((event) => {
  if (event.type === 'joined') void clerk.send({ type: 'say', text: `welcome, ${event.by.name}` })
})

process.once('SIGINT', async () => {
  await tamtam.stop()
  server.close()
})
