import { createSocket, type Socket } from 'node:dgram'
import { expect, onTestFinished, test } from 'vitest'
import { listenTo, openMdnsSocket, SERVICE } from '#system/discovery.ts'
import { announcing, asking, mutatedPacket } from '../../harness/mdns-packets.ts'
import { turns } from '../../harness/turns.ts'
import { randomFrom } from '../domain/names/fuzzing.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31)
const count = Number(process.env['FUZZ_COUNT'] ?? 30_000)
/** A look for hosts lasts two seconds: it need not stand more than this. */
const ONE_LOOK = 2000

/** What is said with it goes nowhere; what it hears, the test says. */
async function deafSocket() {
  const sent: Buffer[] = []
  const failures: Error[] = []
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const deaf = {
    bind: (_port: number, _address: string, bound: () => void) => bound(),
    send: (packet: Buffer, ...rest: readonly unknown[]) => {
      sent.push(packet)
      const done = rest.at(-1)
      if (typeof done === 'function') done(null)
    },
  }
  Object.assign(socket, deaf)
  const endpoint = await openMdnsSocket(socket as Socket, '10.77.0.1', (error) => failures.push(error))
  onTestFinished(() => endpoint.close())
  const hear = (packet: Buffer) => socket.emit('message', packet, { address: '10.77.0.2', port: 5353 })
  return { endpoint, sent, failures, socket, hear }
}

/** A host that says that it is here. */
async function host() {
  const at = await deafSocket()
  at.endpoint.bonjour.publish({ name: 'here', type: SERVICE, port: 8268, probe: false, disableIPv6: true })
  await turns(2)
  at.sent.length = 0
  return at
}

test(`${count} mutated packets end neither a host that announces itself nor a look for hosts, and leave both at work`, async () => {
  const random = randomFrom(seed)
  const announcer = await host()
  let contained = 0
  let found = 0
  for (let heard = 0; heard < count; ) {
    const looker = await deafSocket()
    const hosts = listenTo([looker.endpoint]).found
    for (const end = Math.min(count, heard + ONE_LOOK); heard < end; heard++) {
      const packet = mutatedPacket(random)
      try {
        announcer.hear(packet)
        looker.hear(packet)
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed} input ${heard}: ${packet.toString('hex')}`, { cause: error })
      }
    }
    expect(hosts.size).toBeLessThanOrEqual(256)
    found += hosts.size
    if (hosts.size < 256) {
      looker.hear(announcing('still heard', 8268))
      expect([...hosts.values()]).toContainEqual(
        expect.objectContaining({ name: 'still heard', port: 8268, tls: true }),
      )
    }
    contained += looker.failures.length
    await looker.endpoint.close()
  }
  contained += announcer.failures.length
  await turns(2)
  // Many were understood, or the run would show nothing.
  expect(Math.min(announcer.sent.length, found)).toBeGreaterThan(count / 100)
  announcer.sent.length = 0
  announcer.hear(asking())
  await turns(2)
  expect(announcer.sent).toHaveLength(1)
  console.info(`${count} packets, FUZZ_SEED=${seed}: of ${contained} the package made an error, which ended nothing`)
})

test('what the package throws ends the packet and nothing else', async () => {
  const { endpoint, hear, failures } = await host()
  const { mdns } = (endpoint.bonjour as unknown as { server: { mdns: NodeJS.EventEmitter } }).server
  mdns.once('query', () => {
    throw new TypeError('a bug of the package')
  })
  hear(asking())
  expect(failures).toEqual([new TypeError('a bug of the package')])
})

test('what promises more than anybody has to say is dropped before anything is made of it', async () => {
  const { hear, sent } = await host()
  hear(asking(64))
  await turns(2)
  expect(sent).toHaveLength(64)
  hear(asking(65))
  hear(Buffer.alloc(9001))
  const began = performance.now()
  for (let times = 0; times < 100_000; times++) hear(Buffer.from('000084000000ffffffffffff', 'hex'))
  // To make something of them all takes minutes.
  expect(performance.now() - began).toBeLessThan(10_000)
  await turns(2)
  expect(sent).toHaveLength(64)
})
