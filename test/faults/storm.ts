import { connect } from 'node:net'

// Connects so many times, at most so often a second, and breaks each connection off with RST as soon as it is there; says how many were.
//   node storm.ts <port> <connections a second> <connections>

const TICK_MS = 10
const [port = 0, rate = 0, most = 0] = process.argv.slice(2).map(Number)
let [made, over] = [0, 0]
const began = performance.now()
setInterval(() => {
  const due = Math.min(most, ((performance.now() - began) / 1000) * rate)
  for (; made < due; made++) {
    const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${1 + (made % 250)}` })
    socket.on('error', () => {})
    socket.once('close', () => {
      over += 1
      if (over === most) process.stdout.write(`${over}\n`, () => process.exit(0))
    })
    socket.once('connect', () => {
      socket.write('/who\n')
      socket.resetAndDestroy()
    })
  }
}, TICK_MS)
