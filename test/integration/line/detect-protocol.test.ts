import { once } from 'node:events'
import { connect } from 'node:net'
import { Packr } from 'msgpackr'
import { expect, onTestFinished, test } from 'vitest'
import { FRAMES_MAGIC, joinFrame } from '#protocol/frames.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { startHost } from '../../harness/host.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'
import { turn } from '../../harness/turns.ts'

// As in the real host: whatever says something is told by what it says.
const SILENT_MS = 1000

/** A room with two who would see what a stranger says. */
async function watched(silentMs = SILENT_MS, handshakeMs = 10_000) {
  const log = new MemoryLog()
  const host = await startHost({ listen: { silentMs }, session: { handshakeMs }, overrides: { log } })
  const ani = await member(host.port, 'ani')
  const budi = await member(host.port, 'budi')
  await ani.until('* budi joined')
  const before = ani.lines.length
  /** Nobody heard anything of the stranger, not even that it came. */
  const unheard = async () => {
    await caughtUp(budi, ani)
    expect(ani.lines.slice(before)).toEqual([])
  }
  return { ...host, ani, budi, log, unheard }
}

async function member(port: number, nick: string): Promise<LineClient> {
  const client = await LineClient.connect(port)
  await client.ask(`/nick ${nick}`, `* you are now ${nick}`)
  return client
}

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const magic = (hex: string): Buffer => Buffer.concat([FRAMES_MAGIC, bytes(hex)])

const STRANGERS: readonly (readonly [string, string | Buffer])[] = [
  ['C14: STUN over TCP', bytes('0001 0000 2112a442 000102030405060708090a0b')],
  ['C14: NUL and binary', bytes('0001 0203 0a 68690a')],
  ['C33: all but the last byte of the magic', bytes('f55441 58 00000001 c0')],
  ['C92: a TLS hello', bytes('16 0301 0005 01 000001 00 0a 68690a')],
  ['C92: SSH of before 2.0', 'SSH-1.5-OpenSSH_1.2.3\r\nhi\r\n'],
  ['C92: the PROXY protocol', 'PROXY TCP4 10.0.0.1 10.0.0.2 56324 443\r\nhi\r\n'],
  ['C92: the PROXY protocol, version 2', bytes('0d0a0d0a000d0a515549540a 2111000c 0a000001 0a000002 dc04 01bb')],
  ['C92: RDP', bytes('0300 0013 0ee0 0000 0000 0001 0008 0003 0000 00')],
  ['C92: SOCKS 4', bytes('0401 0050 7f000001 00')],
  ['C92: SOCKS 5', bytes('050100')],
  ['C92: VNC', 'RFB 003.008\n'],
]

const joined = (message: object): Buffer =>
  Buffer.concat([FRAMES_MAGIC, joinFrame(new Packr({ useRecords: false }).pack(message))])

const BAD_FRAMES: readonly (readonly [string, Buffer, string])[] = [
  ['frames of length 0', magic('00000000 0a'), 'BAD_MESSAGE'],
  ['frames of 4 GB', magic('ffffffff 0a68690a'), 'BAD_MESSAGE'],
  ['frames of version 255', magic('ff 00000001 c0 0a'), 'BAD_MESSAGE'],
  ['frames of one byte more than may be', magic('00010001 0a'), 'BAD_MESSAGE'],
  ['a frame that is none of the messages', magic('00000001 c0'), 'BAD_MESSAGE'],
  ['a message of a type that there is not', joined({ type: 'nonsense' }), 'BAD_MESSAGE'],
  ['a frame cut short', magic('00000002 81'), 'TIMEOUT'],
  ['no frame', Buffer.from(FRAMES_MAGIC), 'TIMEOUT'],
]

test.each(BAD_FRAMES)('C33: %s: only their sender is told why they are refused', async (_case, hello, code) => {
  // What is wrong is told at once, however slowly it comes; what is not whole when its time is over.
  const { port, unheard } = await watched(SILENT_MS, code === 'TIMEOUT' ? 300 : 3_600_000)
  for (const write of ['write', 'writeByteByByte'] as const) {
    const stranger = await LineClient.connect(port)
    await stranger[write](hello)
    await stranger.closed()
    expect(stranger.bytes.toString('latin1')).toContain(code)
    stranger.leave()
  }
  await unheard()
})

test.each(['00', '00000002 81', '00010000 82a474797065'])(
  'C33: a connection that ends within a frame (%s): its sender is told so, and nobody else',
  async (hex) => {
    const { port, unheard } = await watched(SILENT_MS, 3_600_000)
    const stranger = await LineClient.connect(port)
    stranger.write(magic(hex)).halfClose()
    await stranger.closed()
    expect(stranger.bytes.toString('latin1')).toContain('BAD_MESSAGE')
    await unheard()
  },
)

test.each(STRANGERS)(
  '%s is closed without a word to anyone but the log, which has one line of it',
  async (_case, hello) => {
    const { port, log, unheard } = await watched()
    const stranger = await LineClient.connect(port)
    stranger.write(hello)
    await stranger.closed()
    expect(stranger.bytes.length).toBe(0)
    expect(log.lines).toEqual([
      { level: 'info', what: 'refused a connection of another protocol', fields: { protocol: expect.any(String) } },
    ])
    await unheard()
  },
)

test.each(STRANGERS)('%s, byte by byte, is closed without a word to anyone', async (_case, hello) => {
  const { port, unheard } = await watched()
  const stranger = await LineClient.connect(port)
  await stranger.writeByteByByte(hello)
  await stranger.closed()
  await unheard()
})

// What begins with a letter may be a person who types slowly.
const BINARY = [
  ...STRANGERS.filter(([, hello]) => typeof hello !== 'string' && hello[0] !== 0x0d),
  ['C33: frames', magic('00000001 c0')] as const,
]

test.each(BINARY)('C34: %s: its first byte, then silence, is never taken for a line client', async (_case, hello) => {
  const { port, unheard } = await watched(300)
  const stranger = await LineClient.connect(port)
  stranger.write(hello.slice(0, 1))
  await stranger.closed()
  stranger.write(hello.slice(1)).write('\nhi\n')
  expect(stranger.bytes.length).toBe(0)
  await unheard()
})

const BODY = 'NICK x\nSEND y\nhi\n'
const REQUESTS: readonly (readonly [string, string])[] = [
  [
    'C91: a page that posts lines',
    `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
  ],
  ['C91: GET', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['C92: lower case', `get / http/1.1\r\n\r\n${BODY}`],
  ['C92: PRI', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${BODY}`],
  ['C92: HTTP/0.9', `POST /\r\n${BODY}`],
  ['C92: a blank line ahead', `\r\nGET / HTTP/1.1\r\n\r\n${BODY}`],
  ['C92: CONNECT', `CONNECT example.org:443 HTTP/1.1\r\n\r\n${BODY}`],
  ['C92: a method of its own', `MIAOW /x HTTP/1.1\r\n\r\n${BODY}`],
  ['C35: the method SEND', `SEND / HTTP/1.1\r\n\r\n${BODY}`],
  ['C37: a target of 8 KB', `GET /${'a'.repeat(8192)} HTTP/1.1\r\n\r\n${BODY}`],
  ['C37: a target of 4091 bytes', `GET /${'a'.repeat(4090)} HTTP/1.1\r\n\r\n${BODY}`],
]

test.each(REQUESTS)('%s is refused, and nothing of it is spoken', async (_case, request) => {
  const { port, budi, ani } = await watched()
  const page = await LineClient.connect(port)
  page.write(request)
  await page.closed()
  expect(page.bytes.toString()).toMatch(/^HTTP\/1\.1 \d{3} |! WRONG_PROTOCOL /)
  await caughtUp(budi, ani)
  expect(ani.talk).toEqual([])
})

test.each(REQUESTS.filter(([name]) => !name.startsWith('C37')))(
  '%s, byte by byte, is refused, and nothing of it is spoken',
  async (_case, request) => {
    const { port, budi, ani } = await watched()
    const page = await LineClient.connect(port)
    await page.writeByteByByte(request)
    await page.closed()
    await caughtUp(budi, ani)
    expect(ani.talk).toEqual([])
  },
)

test.each(REQUESTS.filter(([name]) => !name.includes('0.9')))(
  'C35: in the middle of a conversation: %s ends it, and nothing of it is spoken',
  async (_case, request) => {
    const { port, budi, ani } = await watched()
    const page = await member(port, 'page')
    page.write(`before\n${request}`)
    await page.closed()
    await caughtUp(budi, ani)
    expect(ani.talk).toEqual(['<page> before'])
    expect(page.errors.at(-1)).toMatch(/^! WRONG_PROTOCOL /)
  },
)

test('C36: a silent client is told nothing until it is taken for a line client, and then hears the room', async () => {
  const { port, ani } = await watched()
  const began = performance.now()
  const silent = await LineClient.connect(port)
  const word = await silent.until(/./, 0)
  expect(performance.now() - began).toBeGreaterThan(SILENT_MS * 0.9)
  expect(word).toMatch(/^\* you are 127\.0\.0\.1 in lobby/)
  ani.write('hello, listener\n')
  await silent.until('<ani> hello, listener')
})

test('C36: what has come is read first by a host that was busy when the time of a silent one was over', async () => {
  const metrics = new MemoryMetrics()
  const { port } = await startHost({ listen: { silentMs: 300 }, overrides: { metrics } })
  const client = await LineClient.connect(port)
  for (const there = () => metrics.snapshot().gauges['connections'] === 1; !there(); ) await turn()
  client.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  // Nothing at all is done meanwhile, by the host neither.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  await client.closed()
  expect(client.bytes.toString()).toMatch(/^HTTP\/1\.1 200 /)
})

test('C36, C35: a browser that connects ahead and asks later is closed all the same', async () => {
  const { port, budi, ani } = await watched(20)
  const page = await LineClient.connect(port)
  await page.until(/^\* you are /)
  page.write('GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\nhi\r\n')
  await page.closed()
  expect(page.errors).toEqual([expect.stringMatching(/^! WRONG_PROTOCOL /)])
  await caughtUp(budi, ani)
  expect(ani.talk).toEqual([])
})

test('C36: beside a browser a silent connection hears the room, and nobody is told of it before it says something', async () => {
  const { port, ani, unheard } = await watched(20)
  const browser = connect(port, '127.0.0.1')
  onTestFinished(() => void browser.destroy())
  browser.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(browser, 'data')
  const silent = await LineClient.connect(port)
  await silent.until(/^\* you are 127\.0\.0\.1 in lobby/)
  await unheard()
  ani.write('hello, whoever\n')
  await silent.until('<ani> hello, whoever')
  silent.write('me\n')
  await ani.until('<127.0.0.1> me')
  expect(ani.lines.slice(-2)).toEqual(['* 127.0.0.1 joined', '<127.0.0.1> me'])
  silent.write('/quit\n')
  await ani.until(/^\* 127\.0\.0\.1 left/)
})

test('C37: a first line of 4 KiB is a line, a longer one an error', async () => {
  const { port, ani } = await watched()
  const client = await LineClient.connect(port)
  await client.writeApart('a'.repeat(4000), 'a'.repeat(96))
  await client.until(/^\* you are /)
  client.write('\n')
  await ani.until(`<127.0.0.1> ${'a'.repeat(4096)}`)
  const other = await LineClient.connect(port)
  other.write(`${'b'.repeat(5000)}\nnext\n`)
  await ani.until('<127.0.0.1> next')
  expect(other.errors).toEqual([expect.stringMatching(/^! LINE_TOO_LONG /)])
  expect(ani.talk.filter((line) => line.includes('bbb'))).toEqual([])
})

test.each(['get up, all of you', 'POST office closed', 'GET', 'SEND'])(
  'C92: a person may begin with %j',
  async (first) => {
    const { port, ani } = await watched(20)
    const client = await LineClient.connect(port)
    client.write(`${first}\nnext\n`)
    await ani.until('<127.0.0.1> next')
    if (first !== 'SEND') expect(ani.talk).toEqual([`<127.0.0.1> ${first}`, '<127.0.0.1> next'])
  },
)

test.each(['GET /', 'GET /ws HT', 'POST /a HTTP/1.', '\r\nPUT /lobby/a HTTP/1.1'])(
  'C35: a request that is cut within its first line (%j) is not spoken either',
  async (cut) => {
    const { port, unheard } = await watched(100)
    const ended = await LineClient.connect(port)
    ended.write(cut).halfClose()
    await ended.closed()
    await unheard()
  },
)
