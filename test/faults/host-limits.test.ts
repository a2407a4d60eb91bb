import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { caughtUp } from '../harness/line-client.ts'
import { until } from '../harness/patience.ts'
import { needs } from '../harness/tools.ts'

const had = countFaults('a host that may open few files')

const OPEN_FILES = 128
/** Half of the files are kept for all else. */
const MOST_CONNECTIONS = OPEN_FILES / 2
const CONNECTIONS = 200

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.resume()
  return socket
}

test('C71 a host that may open few files drops whom it can not take, says so, and serves the others', async () => {
  needs('prlimit')
  const data = await temporaryDirectory()
  const command = ['prlimit', `--nofile=${OPEN_FILES}`]
  const { host, port } = await HostProcess.start(['--data', data], { command })
  const ani = await enter(port, 'ani')
  const budi = await enter(port, 'budi')
  const crowd = await Promise.all(Array.from({ length: CONNECTIONS }, () => connected(port)))
  had(CONNECTIONS - MOST_CONNECTIONS + 2)
  const inside = () => crowd.filter(({ closed }) => !closed)
  await until('the drops', () => inside().length <= MOST_CONNECTIONS - 2)
  await caughtUp(ani, budi)
  expect(inside()).toHaveLength(MOST_CONNECTIONS - 2)
  const [logged = ''] = host.errors.split('\n')
  expect(JSON.parse(logged)).toMatchObject({
    level: 40,
    msg: 'dropped new connections',
    why: 'the host has all the connections it can take',
    dropped: expect.any(Number),
  })
  // Each is a member that takes the bytes of files, all of them at once; the stores have their files still.
  await until('their greetings', () => inside().every(({ bytesRead }) => bytesRead > 0))
  const content = 'x'.repeat(100_000)
  await ani.ask(`/put ${content.length} a.txt\n${content}`, /is in the room/)
  await host.until('the saved file', () => host.errors.includes('* saved '))

  for (const socket of inside().slice(0, 20)) socket.resetAndDestroy()
  await until('room', async () => {
    const socket = await connected(port)
    const open = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)])
    socket.resetAndDestroy()
    return open
  })
  await caughtUp(await enter(port, 'citra'), ani, budi)
  expect(await host.stop()).toBe(0)
})
