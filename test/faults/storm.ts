import { connect } from 'node:net'

// Connects so many times a second, for so many seconds, and breaks each connection off with RST as soon as it is there; says how many were.
//   node storm.ts <port> <connections a second> <seconds>

const TICK_MS = 10
const [port = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number)
let made = 0
const began = performance.now()
const timer = setInterval(() => {
  const elapsed = performance.now() - began
  if (elapsed > seconds * 1000) {
    clearInterval(timer)
    process.stdout.write(`${made}\n`, () => process.exit(0))
  }
  for (; made < (elapsed / 1000) * rate; made++) {
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (made % 250)}` })
    socket.on('error', () => {})
    socket.once('connect', () => {
      socket.write('/who\n')
      socket.resetAndDestroy()
    })
  }
}, TICK_MS)
