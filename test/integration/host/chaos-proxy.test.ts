import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { until } from '../../harness/patience.ts'

/** Somebody behind the proxy, with what each connection of theirs got. */
async function openTarget(serve: (socket: Socket) => void = () => {}) {
  const got: Buffer[][] = []
  const endings: string[] = []
  const sockets: Socket[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const pieces: Buffer[] = []
    got.push(pieces)
    sockets.push(socket)
    socket.on('data', (bytes) => pieces.push(bytes))
    socket.on('error', () => endings.push('reset'))
    socket.on('end', () => {
      endings.push('end')
      socket.end()
    })
    serve(socket)
  })
  server.listen({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const all = (connection = 0) => Buffer.concat(got[connection] ?? []).toString('latin1')
  return { port: address.port, got, endings, sockets, all }
}

async function open(port: number): Promise<{ socket: Socket; ending: () => string | undefined }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let ending: string | undefined
  socket.on('error', () => {
    ending ??= 'reset'
  })
  socket.on('end', () => {
    ending ??= 'end'
  })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return { socket, ending: () => ending }
}

describe('a network that a test can break', () => {
  test('passes everything on both ways, half-closes too, and counts it', async () => {
    const target = await openTarget((socket) => socket.write('selamat datang'))
    const proxy = await ChaosProxy.open(target.port)
    const { socket, ending } = await open(proxy.port)
    const heard: Buffer[] = []
    socket.on('data', (bytes: Buffer) => heard.push(bytes))
    socket.end('halo')
    await until('the end', () => ending() === 'end')
    expect(Buffer.concat(heard).toString()).toBe('selamat datang')
    expect(target.all()).toBe('halo')
    expect(target.endings).toEqual(['end'])
    expect([proxy.up.passed, proxy.down.passed, proxy.accepted]).toEqual([4, 14, 1])
    await until('nothing open', () => proxy.open === 0)
  })

  test.each(['reset', 'end'] as const)(
    'cuts with %s, exactly before the byte that is named, and only once',
    async (how) => {
      const target = await openTarget()
      const proxy = await ChaosProxy.open(target.port)
      proxy.up.cutAt(6, how)
      const first = await open(proxy.port)
      first.socket.resume().write('satu')
      await until('the first four', () => target.all() === 'satu')
      first.socket.write('dua tiga')
      await until('the cut', () => first.ending() === how && target.endings[0] === how)
      expect(proxy.up.passed).toBe(6)
      // What a reset overtakes may be lost with it, as on any network.
      expect('satudu').toContain(target.all())
      const second = await open(proxy.port)
      second.socket.write('lagi')
      await until('the second', () => target.all(1) === 'lagi')
    },
  )

  test('cuts a connection that is stalled', async () => {
    const target = await openTarget()
    const proxy = await ChaosProxy.open(target.port)
    proxy.up.stall()
    const { socket, ending } = await open(proxy.port)
    socket.resume().write('halo')
    proxy.cutAll()
    await until('the cut', () => ending() === 'reset')
    proxy.up.release()
    expect(target.all()).toBe('')
  })

  test('changes one bit of the byte that is named, of whichever connection', async () => {
    const target = await openTarget()
    const proxy = await ChaosProxy.open(target.port)
    proxy.up.flipAt(5)
    const one = await open(proxy.port)
    one.socket.write('aaaa')
    await until('the first', () => target.all() === 'aaaa')
    const other = await open(proxy.port)
    other.socket.write('aaaa')
    await until('the second', () => target.all(1).length === 4)
    expect(target.all(1)).toBe('a`aa')
  })

  test('stalls at the byte that is named, reads no further, and goes on', async () => {
    const target = await openTarget()
    const proxy = await ChaosProxy.open(target.port)
    proxy.up.stallAt(10)
    const { socket } = await open(proxy.port)
    const bytes = Buffer.alloc(16 * 1024 * 1024, 'tamtam')
    socket.write(bytes)
    await until('the stall', () => proxy.up.stalled && target.all().length === 10)
    // Back pressure: what does not fit into buffers stays with its sender.
    expect(socket.writableLength).toBeGreaterThan(0)
    proxy.up.release()
    await until('all of it', () => proxy.up.passed === bytes.length && socket.writableLength === 0)
    await until('all of it there', () => target.all().length === bytes.length)
    expect(Buffer.from(target.all(), 'latin1').equals(bytes)).toBe(true)
  })

  test('splits into segments', async () => {
    const target = await openTarget()
    const proxy = await ChaosProxy.open(target.port)
    proxy.up.segmentBytes = 3
    const { socket } = await open(proxy.port)
    socket.write('sepuluh bytes')
    await until('all of it', () => target.all() === 'sepuluh bytes')
    expect(target.got[0]?.length).toBeGreaterThan(1)
  })

  test('throttles', async () => {
    const target = await openTarget()
    const proxy = await ChaosProxy.open(target.port)
    proxy.up.bytesPerSecond = 1_000_000
    const { socket } = await open(proxy.port)
    const began = performance.now()
    socket.write(Buffer.alloc(300_000))
    await until('all of it', () => target.all().length === 300_000)
    // At least: a busy machine may take longer, and none may take less.
    expect(performance.now() - began).toBeGreaterThan(240)
  })

  test('goes to another target when told, and resets who comes while there is none', async () => {
    const [one, other] = [await openTarget(), await openTarget()]
    const proxy = await ChaosProxy.open(one.port)
    const first = await open(proxy.port)
    first.socket.write('a')
    await until('the one', () => one.all() === 'a')
    proxy.target = other.port
    const second = await open(proxy.port)
    second.socket.write('b')
    await until('the other', () => other.all() === 'b')
    // A port that was free a moment ago, and that nobody listens on now.
    const closed = await ChaosProxy.open(one.port)
    proxy.target = closed.port
    await closed.close()
    const third = await open(proxy.port)
    await until('the refusal', () => third.ending() === 'reset')
  })

  test('passes a hundred megabytes unchanged', async () => {
    const hash = createHash('sha256')
    const target = await openTarget((socket) => {
      socket.removeAllListeners('data')
      socket.on('data', (bytes) => hash.update(bytes))
    })
    const proxy = await ChaosProxy.open(target.port)
    const { socket } = await open(proxy.port)
    const sent = createHash('sha256')
    for (let count = 0; count < 100; count++) {
      const block = Buffer.alloc(1_000_000, `${count}`)
      sent.update(block)
      if (!socket.write(block)) await once(socket, 'drain')
    }
    socket.end()
    await until('the end', () => target.endings.length === 1)
    expect(proxy.up.passed).toBe(100_000_000)
    expect(hash.digest('hex')).toBe(sent.digest('hex'))
  })
})
