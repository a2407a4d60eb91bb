import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import { caughtUp } from '../harness/line-client.ts'

/** About twice what an empty host needs. */
const HEAP_MB = 48
const MOST_CONNECTIONS = 8000
const AT_ONCE = 50
const RETRY_MS = 50

/** Whether the host says something, or hangs up. */
const isTaken = (socket: Socket): Promise<boolean> =>
  new Promise((resolve) => {
    socket.once('data', () => resolve(true))
    socket.once('close', () => resolve(false))
  })

/** Members in a hundred rooms, until the host takes in no more of them. */
async function crowd(port: number): Promise<{ inside: Set<Socket>; refused: number }> {
  const inside = new Set<Socket>()
  let refused = 0
  for (let count = 0; count < MOST_CONNECTIONS && refused < AT_ONCE; count += AT_ONCE) {
    const arriving = Array.from({ length: AT_ONCE }, (_, index) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (count >> 12)}` })
      socket.on('error', () => {})
      socket.once('close', () => {
        if (inside.delete(socket)) refused++
      })
      socket.write(`/files links\n/join ruang${(count + index) % 100}\n`)
      inside.add(socket)
      return isTaken(socket)
    })
    await Promise.all(arriving)
    for (const socket of inside) socket.resume()
  }
  onTestFinished(() => {
    for (const socket of inside) socket.destroy()
  })
  return { inside, refused }
}

test('C81 a host that is short of memory takes in nobody new, serves those who are there, and loses nothing', async () => {
  const data = await temporaryDirectory()
  const { host, port } = await HostProcess.start(['--data', data], {
    nodeFlags: [`--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=2'],
  })
  const ani = await enter(port, 'ani')
  const budi = await enter(port, 'budi')
  const body = Buffer.alloc(3_000_000, 'isi')
  const { json } = await ask(port, 'PUT /lobby/a.bin', { body })
  const { inside, refused } = await crowd(port)
  expect(refused).toBeGreaterThanOrEqual(AT_ONCE)
  expect(host.errors).toContain('the host is short of memory')
  expect(host.running).toBe(true)
  for (let round = 1; round <= 20; round++) await caughtUp(ani, budi)
  ani.write('masih di sini\n')
  await budi.until('<ani> masih di sini')

  const count = inside.size
  for (const socket of inside) socket.destroy()
  inside.clear()
  // Once they have gone there is room again.
  let citra: Socket | undefined
  while (citra === undefined) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('/files links\n')
    if (await isTaken(socket)) citra = socket
    else await pause(RETRY_MS)
  }
  citra.destroy()
  await host.kill()
  const { host: again, port: newPort } = await HostProcess.start(['--data', data])
  const dedi = await enter(newPort, 'dedi')
  await dedi.ask('/search masih', '<ani> masih di sini')
  expect((await ask(newPort, `GET /files/${(json as { id: string }).id}`)).bytes.equals(body)).toBe(true)
  expect(await again.stop()).toBe(0)
  console.log(
    `C81: with ${HEAP_MB} MB of heap ${count} members were taken in, then ${refused} refused; none of what was shown lost`,
  )
})
