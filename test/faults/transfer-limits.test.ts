import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { filesOf } from '../harness/files.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask, insist, receive } from '../harness/http-files.ts'
import { caughtUp } from '../harness/line-client.ts'
import { until } from '../harness/patience.ts'
import { Sample } from '../harness/sample.ts'
import { needs } from '../harness/tools.ts'

const had = countFaults('uploads without descriptors, and a storm of them')

const HOST = fileURLToPath(new URL('./transfer-host.ts', import.meta.url))
const OPEN_FILES = 128
const UPLOADS = 50
const STORM = 400
const STORM_AT_ONCE = 50
const SAMPLE = new Sample(300_000)

interface Started {
  readonly socket: Socket
  readonly answer: () => string
  readonly isClosed: () => boolean
}

/** A request whose body goes no further than its beginning. */
async function start(port: number, request: string): Promise<Started> {
  const socket = connect({ port, host: '127.0.0.1' })
  let answer = ''
  let isClosed = false
  socket.on('close', () => {
    isClosed = true
  })
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(request)
  return { socket, answer: () => answer, isClosed: () => isClosed }
}

const putOf = (name: string): string =>
  `PUT /rooms/lobby/files/${name} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${SAMPLE.size}\r\n\r\nawal`

const openFiles = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length

test('C71, C72: uploads for which there are no descriptors left fail by themselves; all else goes on, and none leaks', async () => {
  needs('prlimit')
  const data = await temporaryDirectory()
  const host = new HostProcess([data], { program: HOST, command: ['prlimit', `--nofile=${OPEN_FILES}`] })
  const { port, pid } = await host.listening()
  const ani = await enter(port, 'ani')
  const budi = await enter(port, 'budi')
  await ask(port, 'PUT', '/rooms/lobby/files/dulu.bin', { body: SAMPLE.bytes() })
  const before = await openFiles(pid)
  const started = await Promise.all(Array.from({ length: UPLOADS }, (_, index) => start(port, putOf(`b${index}`))))
  // Without a descriptor for it a connection is closed at once, without an answer.
  const refused = () => started.filter(({ answer, isClosed }) => /^HTTP\/1\.1 [45]/.test(answer()) || isClosed())
  const accepted = async () => (await insist(() => filesOf(port))).filter(({ status }) => status === 'arriving')
  await until('an answer or a place for each', async () => refused().length + (await accepted()).length >= UPLOADS)
  // Otherwise nothing ran out.
  expect(refused().length).toBeGreaterThan(0)
  had(refused().length)
  await caughtUp(ani, budi)
  for (const { socket } of started) socket.resetAndDestroy()
  await until('no more open files than before', async () => (await openFiles(pid)) <= before + 2)
  const { status, text } = await ask(port, 'PUT', '/rooms/lobby/files/lagi.bin', { body: SAMPLE.bytes() })
  expect(status).toBe(201)
  expect(await receive(port, JSON.parse(text).url)).toMatchObject({ whole: true, sha256: SAMPLE.sha256() })
  expect(await host.stop()).toBe(0)
})

test(`C69: ${STORM} connections that begin uploads and downloads and break off leave nothing open, and chat goes on`, async () => {
  const data = await temporaryDirectory()
  const host = new HostProcess([data], { program: HOST })
  const { port } = await host.listening()
  const ani = await enter(port, 'ani')
  const budi = await enter(port, 'budi')
  const { text } = await ask(port, 'PUT', '/rooms/lobby/files/ada.bin', { body: SAMPLE.bytes() })
  const { url } = JSON.parse(text)
  const before = await openFiles(host.pid)
  had(STORM)
  for (let count = 0; count < STORM; count += STORM_AT_ONCE) {
    const requests = Array.from({ length: STORM_AT_ONCE }, (_, index) =>
      index % 2 === 0 ? putOf(`b${count + index}`) : `GET ${url} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    )
    const started = await Promise.all(requests.map((request) => start(port, request)))
    await caughtUp(ani, budi)
    for (const { socket } of started) socket.resetAndDestroy()
  }
  await until('no more open files than before', async () => (await openFiles(host.pid)) <= before + 2)
  expect(await receive(port, url)).toMatchObject({ whole: true, sha256: SAMPLE.sha256() })
  const { status } = await ask(port, 'PUT', '/rooms/lobby/files/lagi.bin', { body: SAMPLE.bytes() })
  expect(status).toBe(201)
  expect(await host.stop()).toBe(0)
})
