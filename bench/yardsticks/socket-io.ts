// The yardstick for sessions: Socket.IO as its documentation starts it, over WebSocket, sending on what each client says to all.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const http = createServer()
const io = new Server(http, { transports: ['websocket'] })
io.on('connection', (socket) => {
  socket.on('say', (text: unknown) => io.emit('said', text))
})
http.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  const address = http.address()
  if (address !== null && typeof address === 'object')
    process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
})
process.stdin.once('end', () => process.exit(0)).resume()
