import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from '#app/index.ts'
import { randomFrom } from '../unit/domain/names/fuzzing.ts'
import { mutatedPacket } from './mdns-packets.ts'
import { PATIENCE_MS } from './patience.ts'

// What a guest's machine does on a test's network: one job, told as JSON; what it found goes to standard output.

interface Place {
  readonly host: string
  readonly port: number
}

interface Speech {
  readonly url: string
  readonly transport: 'frames' | 'websocket'
  readonly text: string
  /** A file of the test's, not the one of whoever runs it. */
  readonly knownHosts: string
}

/** Says something over a session, and answers what it heard. */
async function session({ url, transport, text, knownHosts }: Speech) {
  const place = await connect(url, { transport, knownHosts })
  const heard = new Promise<string>((resolve) => {
    place.events$.subscribe((event) => event.type === 'said' && resolve(`${event.by.name}: ${event.text}`))
  })
  const answer = await place.send({ type: 'say', text })
  const found = { answer: answer.type, heard: await heard }
  await place.close()
  return found
}

/** Opens connections from the given addresses, and answers how many of each were let in. */
async function connections({ host, port, from, each }: Place & { from: readonly string[]; each: number }) {
  const sockets: Socket[] = []
  const found: Record<string, number> = {}
  for (const localAddress of from) {
    const come = async () => {
      const socket = connectTcp({ host, port, localAddress })
      sockets.push(socket)
      socket.on('error', () => {})
      socket.write('/who\n')
      return await Promise.race([once(socket, 'data'), once(socket, 'close')]).then(
        ([bytes]) => bytes instanceof Buffer,
        () => false,
      )
    }
    found[localAddress] = (await Promise.all(Array.from({ length: each }, come))).filter(Boolean).length
  }
  for (const socket of sockets) socket.destroy()
  return found
}

/** Says lines as fast as it can, and answers how long it took until the host had dealt with them. */
async function flood({ host, port, lines }: Place & { lines: number }) {
  const socket = connectTcp({ host, port })
  const began = performance.now()
  socket.write(`${'x\n'.repeat(lines)}/nick done\n`)
  let heard = ''
  for await (const bytes of socket) {
    heard += bytes
    if (heard.includes('* you are now done\n')) break
  }
  return { ms: performance.now() - began }
}

/** Says what is almost multicast DNS, to everybody on the network, so often. */
async function babble({ from, seed, most }: { from: string; seed: number; most: number }) {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.bind(0, from)
  await once(socket, 'listening')
  socket.setMulticastInterface(from)
  const random = randomFrom(seed)
  let packets = 0
  while (packets < most) {
    for (let burst = 0; burst < 4; burst++, packets++) socket.send(mutatedPacket(random), 5353, '224.0.0.251')
    await pause(5)
  }
  socket.close()
  return { packets }
}

const jobs: Readonly<Record<string, (task: never) => Promise<object>>> = { session, connections, flood, babble }

const [, , name = '', task = '{}'] = process.argv
const found = await Promise.race([
  jobs[name]?.(JSON.parse(task) as never),
  pause(PATIENCE_MS, undefined, { ref: false }),
])
if (found === undefined) throw new Error(`${name} did not come to an end`)
process.stdout.write(JSON.stringify(found))
process.exit(0)
