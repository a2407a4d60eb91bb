import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { httpDefaults } from '#app/defaults.ts'
import { HttpConnection } from '#server/http/connection.ts'
import { ManualClock } from '../../../contract/index.ts'

const SETTINGS = { ...httpDefaults, maxTextBytes: 100, bodyStallMs: 1000, lingerMs: 500 }

/** A request whose head is here, and the connection as the server sees it. */
async function begun(head: string) {
  const server = createServer({ requestTimeout: 0 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  client.on('error', () => {})
  client.write(`${head}\r\n\r\n`)
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  const { socket } = request
  const clock = new ManualClock()
  const incoming = { connection: socket, address: '127.0.0.1', loopback: true, head: Buffer.alloc(0) }
  const connection = new HttpConnection(incoming, clock, SETTINGS)
  return { connection, clock, client, request, response, socket }
}

const arrived = (socket: Socket, bytes: number) => expect.poll(() => socket.bytesRead, { interval: 1 }).toBe(bytes)
const BODY = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000'

test('C68: a body that grows has its time, one that does not has not', async () => {
  const { connection, client, request, response, socket } = await begun(BODY)
  request.resume()
  connection.serve(request, response, () => {})
  let bytes = socket.bytesRead
  connection.watch(0)
  for (let now = 900; now < 9000; now += 900) {
    client.write('a')
    await arrived(socket, ++bytes)
    connection.watch(now)
  }
  connection.watch(9100)
  expect(socket.destroyed).toBe(false)
  connection.watch(9101)
  expect(socket.destroyed).toBe(true)
})

test('C34: a body that only trickles has not', async () => {
  const { connection, client, request, response, socket } = await begun(BODY)
  request.resume()
  connection.serve(request, response, () => {})
  const { bodyWindowMs, bodyLeastBytes } = SETTINGS
  let bytes = socket.bytesRead
  connection.watch(0)
  let now = 0
  const trickle = async (upTo: number) => {
    for (; now + 900 <= upTo; ) {
      now += 900
      client.write('a')
      await arrived(socket, ++bytes)
      connection.watch(now)
    }
  }
  await trickle(bodyWindowMs - 900)
  client.write(Buffer.alloc(bodyLeastBytes))
  bytes += bodyLeastBytes
  await arrived(socket, bytes)
  connection.watch(now)
  const since = now
  await trickle(since + bodyWindowMs)
  expect(socket.destroyed).toBe(false)
  await trickle(since + bodyWindowMs + 900)
  expect(socket.destroyed).toBe(true)
})

test('what has come and waits for us is not held against the client', async () => {
  const { connection, client, request, response, socket } = await begun(BODY)
  connection.serve(request, response, () => {})
  client.write('a')
  await expect.poll(() => request.readableLength).toBe(1)
  connection.watch(0)
  connection.watch(1_000_000)
  expect(socket.destroyed).toBe(false)
})

test('C73 a client that takes nothing is closed once something has waited for it so long', async () => {
  const { connection, client, request, response, socket } = await begun('GET / HTTP/1.1\r\nHost: x')
  connection.serve(request, response, () => {})
  client.pause()
  connection.sweep(1_000_000, 1000)
  expect(socket.destroyed).toBe(false)
  response.writeHead(200)
  response.write(Buffer.alloc(20_000_000))
  connection.sweep(1_000_001, 1000)
  connection.sweep(1_001_000, 1000)
  expect(socket.destroyed).toBe(false)
  connection.sweep(1_001_001, 1000)
  expect(socket.destroyed).toBe(true)
})

test('a body that goes on behind its answer is read over for a while, for the client to see the answer', async () => {
  const { connection, clock, client, request, response, socket } = await begun(BODY)
  connection.serve(request, response, () => response.writeHead(413).end('no'))
  await connection.settled()
  const [answer] = await once(client, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 413 /)
  clock.advance(499)
  expect(socket.destroyed).toBe(false)
  clock.advance(1)
  expect(socket.destroyed).toBe(true)
})

test('a body that was through by then leaves the connection alone', async () => {
  const { connection, clock, client, request, response, socket } = await begun(
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3',
  )
  connection.serve(request, response, () => response.writeHead(413).end('no'))
  await connection.settled()
  client.write('abc')
  await expect.poll(() => request.complete).toBe(true)
  clock.advance(10_000)
  expect(socket.destroyed).toBe(false)
})
