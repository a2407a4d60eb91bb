// The baseline for sessions: Socket.IO as its documentation starts it, over WebSocket; each message goes to all clients.
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { announce } from './serve.ts'

const http = createServer()
const io = new Server(http, { transports: ['websocket'] })
io.on('connection', (socket) => {
  socket.on('say', (text: unknown) => io.emit('said', text))
})
announce(http)
