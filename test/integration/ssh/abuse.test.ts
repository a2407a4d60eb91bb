import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Client, type ConnectConfig } from 'ssh2'
import { describe, expect, onTestFinished, test } from 'vitest'
import { costsLittle, startHost, startHostProcess } from '../../harness/host.ts'
import { until } from '../../harness/patience.ts'

/** The inside of the client's library: no well-behaved client can be made to do what follows. */
interface Inside {
  readonly _sock: { pause(): void; resume(): void }
  readonly _protocol: { ping(): void; session(id: number, window: number, packetBytes: number): void }
}

const inside = (client: Client): Inside => client as unknown as Inside

function begin(port: number, config: ConnectConfig = {}): Client {
  const client = new Client()
  client.on('error', () => {})
  onTestFinished(() => void client.destroy())
  client.connect({ host: '127.0.0.1', port, username: 'ani', password: 'x', keepaliveInterval: 0, ...config })
  return client
}

async function loggedIn(port: number, username: string): Promise<Client> {
  const client = begin(port, { username })
  await once(client, 'ready')
  return client
}

/** Whatever error comes before it. */
const closed = (client: Client): Promise<unknown> =>
  new Promise((resolve) => client.once('close', () => resolve(undefined)))

const isServed = async (port: number): Promise<void> => {
  const client = await loggedIn(port, 'budi')
  await expect(outputOf(client, 'who')).resolves.toContain('lobby')
  client.destroy()
}

function outputOf(client: Client, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error)
      let out = ''
      channel.on('data', (bytes: Buffer) => {
        out += bytes.toString()
      })
      channel.on('close', () => resolve(out))
      return undefined
    })
  })
}

describe('clients of SSH that mean no good', () => {
  test('are hung up on before they have logged in: for floods, for too many tries, for no SSH at all', async () => {
    const { port, tamtam } = await startHost({ token: true })
    const flood = begin(port, { authHandler: () => {} })
    await once(flood, 'handshake')
    for (let count = 0; count < 3000; count++) inside(flood)._protocol.ping()
    await closed(flood)

    let tries = 0
    const guesser = begin(port, {
      authHandler: (_left, _partial, next) => {
        tries++
        next({ type: 'password', username: 'ani', password: `wrong ${tries}` })
      },
    })
    await closed(guesser)
    expect(tries).toBeLessThan(6)

    const refused = Array.from({ length: 50 }, async (_, index) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write(Buffer.concat([Buffer.from(`SSH-2.0-x${index}\r\n`), randomBytes(1 + index * 40)]))
      socket.end()
      socket.resume()
      await once(socket, 'close')
    })
    await Promise.all(refused)
    const session = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    expect(session.last).toBe(0)
  })

  test('have ten channels and no forwarding, and none whose packets are empty', async () => {
    const { port } = await startHost()
    const client = await loggedIn(port, 'ani')
    const opened = Array.from(
      { length: 1000 },
      () => new Promise<boolean>((resolve) => client.exec('tail', (error) => resolve(error === undefined))),
    )
    expect((await Promise.all(opened)).filter((isOpen) => isOpen)).toHaveLength(10)
    const forwarded = new Promise((resolve) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', 22, resolve))
    expect(await forwarded).toBeInstanceOf(Error)
    const listening = new Promise((resolve) => client.forwardIn('127.0.0.1', 0, resolve))
    expect(await listening).toBeInstanceOf(Error)

    const tiny = await loggedIn(port, 'citra')
    const { session } = inside(tiny)._protocol
    inside(tiny)._protocol.session = (id, window) => session.call(inside(tiny)._protocol, id, window, 0)
    tiny.exec('help', () => {})
    await closed(tiny)
    await isServed(port)
  })

  test('cost no memory when they take nothing: a download, READs and answers wait in their own socket', async () => {
    const host = await startHostProcess()
    const size = 48 * 1024 ** 2
    const sent = await fetch(`http://127.0.0.1:${host.port}/lobby/big`, {
      method: 'PUT',
      body: Buffer.alloc(size, 'x'),
    })
    expect(sent.status).toBe(201)
    await isServed(host.port)
    const { settled } = await host.memory()

    const reader = await loggedIn(host.port, 'reader')
    const { session } = inside(reader)._protocol
    inside(reader)._protocol.session = (id, _window, packet) =>
      session.call(inside(reader)._protocol, id, 2 ** 32 - 1, packet)
    await new Promise((resolve) => reader.exec('get big', resolve))
    inside(reader)._sock.pause()

    const pinger = await loggedIn(host.port, 'pinger')
    inside(pinger)._sock.pause()
    for (let count = 0; count < 20_000; count++) inside(pinger)._protocol.ping()

    const files = await loggedIn(host.port, 'files')
    const sftp = await new Promise<import('ssh2').SFTPWrapper>((resolve, reject) =>
      files.sftp((error, opened) => (error ? reject(error) : resolve(opened))),
    )
    const handle = await new Promise<Buffer>((resolve, reject) =>
      sftp.open('/lobby/big', 'r', (error, opened) => (error ? reject(error) : resolve(opened))),
    )
    inside(files)._sock.pause()
    for (let count = 0; count < 2000; count++)
      sftp.read(handle, Buffer.alloc(32_768), 0, 32_768, count * 32_768, () => {})

    await until('others to be served meanwhile', async () => {
      await isServed(host.port)
      return true
    })
    const { peak } = await host.memory()
    expect(peak - settled).toBeLessThan(size)
  })

  test('cost little while they last, a thousand of them, and nothing afterwards', async () => {
    const { port, memory } = await startHostProcess({ listen: { connectionsPerAddress: 0 } })
    const banner = Buffer.from('SSH-2.0-x\r\n')
    // The beginning of a packet that never ends; nothing; packets that say nothing, and more than are taken before a login; none at all.
    const ignored = Buffer.from([0, 0, 0, 12, 6, 2, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6])
    const beginnings = [
      Buffer.concat([banner, Buffer.from([0, 0, 0x80, 0, 10]), randomBytes(16_000)]),
      banner,
      Buffer.concat([banner, ...Array.from({ length: 3000 }, () => ignored)]),
      Buffer.concat([banner, randomBytes(8000)]),
    ]
    const wave = async (size: number) => {
      const sockets = Array.from({ length: size }, (_, index) => {
        const socket = connect(port, '127.0.0.1').pause()
        socket.on('error', () => {}).write(beginnings[index % beginnings.length] as Buffer)
        return socket
      })
      // Who has come in has ten channels, and takes nothing of any.
      const insiders = await Promise.all(Array.from({ length: size / 50 }, (_, index) => loggedIn(port, `x${index}`)))
      for (const client of insiders) {
        for (let count = 0; count < 10; count++) client.exec('history 1000', () => {})
        inside(client)._sock.pause()
      }
      await isServed(port)
      const during = await memory()
      for (const socket of sockets) socket.destroy()
      for (const client of insiders) client.destroy()
      await isServed(port)
      return during
    }
    await costsLittle(memory, 80, wave)
  })
})
