import { once } from 'node:events'
import { connect } from 'node:net'

// Connects again and again from an address that is not loopback, to the same: says how many of them the host kept.
//   node far-crowd.ts <address> <port> <connections>

const [, , host = '', port = '', connections = ''] = process.argv
const open = async (localAddress: string): Promise<boolean> => {
  const socket = connect({ host, port: Number(port), localAddress })
  socket.on('error', () => {})
  socket.write('/files links\n')
  return await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]).catch(
    () => false,
  )
}
const kept = await Promise.all(Array.from({ length: Number(connections) }, () => open(host)))
const neighbour = await open(host.replace(/\d+$/, '2'))
console.log(JSON.stringify({ kept: kept.filter(Boolean).length, neighbour }))
process.exit(0)
