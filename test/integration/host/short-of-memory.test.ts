import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listenerDefaults } from '#app/defaults.ts'
import type { ConnectionServer } from '#server/connection/incoming-connection.ts'
import { TcpListener } from '#server/listener/listener.ts'
import { ManualClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'

const MUCH_BYTES = 20_000_000

/** Says much to who asks for much, and a word to everybody else. */
const talkative: ConnectionServer = {
  accept: ({ connection, head }) => {
    connection.write(head.toString().startsWith('much') ? Buffer.alloc(MUCH_BYTES) : 'a word')
  },
  stopReading: () => {},
  sweep: () => {},
  close: async () => {},
}

async function entered(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.write(`${text}\n`)
  await Promise.race([once(socket, 'readable'), once(socket, 'close')])
  return socket
}

test('C81: short of memory a listener takes in nobody, and hangs up on who is furthest behind, one each second', async () => {
  const [clock, metrics, memory] = [new ManualClock(), new MemoryMetrics(), { isShort: false }]
  const http = { ...talkative, serves: () => false }
  const doors = { line: talkative, http, frames: talkative, irc: talkative, webSocket: talkative, ssh: talkative }
  const settings = { ...listenerDefaults, port: 0, connectionsPerAddress: 0 }
  const listener = new TcpListener(settings, { ...doors, basePath: '', clock, metrics, log: new MemoryLog(), memory })
  onTestFinished(() => listener.close('the test is over'))
  const { port } = await listener.listen()
  const behind = [await entered(port, 'much'), await entered(port, 'much')]
  const others = [await entered(port, 'little'), await entered(port, 'little')]
  const closed = () => metrics.snapshot().counters['connections_shed'] ?? 0
  const open = () => metrics.snapshot().gauges['connections']

  clock.advance(1000)
  expect([closed(), open()]).toEqual([0, 4])
  memory.isShort = true
  const refused = await entered(port, 'little')
  await expect.poll(() => refused.closed).toBe(true)
  for (const expected of [1, 2, 2]) {
    clock.advance(1000)
    expect(closed()).toBe(expected)
    await expect.poll(open).toBe(4 - expected)
  }
  memory.isShort = false
  await entered(port, 'little')
  expect(open()).toBe(3)
  for (const socket of behind) socket.resume()
  for (const socket of behind) await expect.poll(() => socket.closed).toBe(true)
  for (const socket of others) expect(socket.closed).toBe(false)
})
