import { expect, test } from 'vitest'
import { listenerDefaults } from '#app/defaults.ts'
import { ManualClock } from '#system/clock.ts'
import { type HostOptions, startHost } from '../../harness/host.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'
import { SessionClient, type WireName } from '../../harness/session-client.ts'
import { newIdentity } from '../../harness/tls.ts'

/** Something comes and goes: what had arrived by then has been dealt with. */
async function settled(port: number): Promise<void> {
  const passing = await LineClient.connect(port)
  await passing.write('\x01').closed()
}

const half = async (port: number, said: string | Uint8Array) => (await LineClient.connect(port)).write(said)

type Slow = { readonly over: string }

// As `app/defaults.ts` has them: the clock is the test's, the sockets are real.
const TIMES: readonly (readonly [string, number, HostOptions, (port: number) => Promise<Slow>])[] = [
  ['C8: a line client that has said all it has to say', 60, {}, async (port) => (await half(port, 'hi\n')).halfClose()],
  ['C34: a frame that has begun', 10, {}, (port) => begunFrame(port, 'frames')],
  ['C34: a message of a WebSocket that has begun', 10, {}, (port) => begunFrame(port, 'websocket')],
  ['C68: frames before hello', 10, {}, (port) => SessionClient.connect(port, 'frames')],
  ['C68: a WebSocket before hello', 10, {}, (port) => SessionClient.connect(port, 'websocket')],
  ['C68: a line client without the token', 60, { token: true }, (port) => half(port, 'hi\n')],
  ['C68: half a TLS hello', 10, await overTls(), (port) => half(port, Buffer.from('16030102000100', 'hex'))],
]

async function overTls(): Promise<HostOptions> {
  return { listen: { tls: await newIdentity() } }
}

async function begunFrame(port: number, by: WireName): Promise<SessionClient> {
  const ani = await SessionClient.join(port, by, 'ani')
  ani.wire.socket.write(by === 'frames' ? Buffer.of(0, 0, 0, 9, 0x80) : Buffer.of(0x82, 0x89, 0, 0, 0, 0, 0x80))
  return ani
}

test.each(TIMES)('%s has %i s', async (_what, seconds, options, begin) => {
  const clock = new ManualClock()
  const { port } = await startHost({ ...options, overrides: { clock } })
  const slow = await begin(port)
  await settled(port)
  clock.advance(seconds * 1000 - 1)
  await settled(port)
  expect(slow.over).toBe('open')
  clock.advance(1)
  await expect.poll(() => slow.over).not.toBe('open')
})

test.each([
  ['G E T', 'line'],
  ['\r \n \r', 'line'],
  ['\x16 ', 'closed'],
  ['\xf5 T', 'closed'],
] as const)('C68: who says its first bytes one by one (%j) is %s after 1 s all the same', async (said, becomes) => {
  const clock = new ManualClock()
  const { port } = await startHost({ listen: { silentMs: 1000 }, overrides: { clock } })
  const slow = await LineClient.connect(port)
  for (const byte of said.split(' ')) {
    slow.write(Buffer.from(byte, 'latin1'))
    await settled(port)
    clock.advance(333)
  }
  await settled(port)
  expect([slow.over, slow.lines]).toEqual(['open', []])
  clock.advance(1000 - 333 * said.split(' ').length)
  if (becomes === 'line') await slow.until(/^\* you are /)
  else await slow.closed()
})

test('C32, C36: a silent one is heard of at once for a person, and a file that does not go on is given up after 30 s', async () => {
  const clock = new ManualClock()
  const { silentMs } = listenerDefaults
  const { port, tamtam } = await startHost({ listen: { silentMs }, overrides: { clock } })
  const silent = await LineClient.connect(port)
  const sender = await half(port, 'SEND a\nsome')
  await sender.until(/^\* you are /)
  // With the way there and back, a person at netcat is greeted within a quarter of a second.
  expect(silentMs).toBeLessThanOrEqual(225)
  clock.advance(silentMs - 1)
  await settled(port)
  expect(silent.lines).toEqual([])
  clock.advance(1)
  await silent.until(/^\* you are /)
  clock.advance(29_999 - silentMs)
  await settled(port)
  expect([sender.errors, tamtam.engine.uploads]).toEqual([[], 1])
  clock.advance(1)
  await sender.until(/^! TRANSFER_STALLED /)
  await silent.until(/^\* a from 127\.0\.0\.1 is gone: /)
  expect([sender.over, tamtam.engine.uploads]).toEqual(['open', 0])
})

test('C36: of a silent one the others hear after five times as long more, or with its first line; of one that then speaks HTTP never', async () => {
  const clock = new ManualClock()
  const { silentMs } = listenerDefaults
  const { port } = await startHost({ listen: { silentMs }, overrides: { clock } })
  const ani = await LineClient.join(port, 'ani')
  const [reader, talker, late] = [
    await LineClient.connect(port),
    await LineClient.connect(port),
    await LineClient.connect(port),
  ]
  await settled(port)
  clock.advance(silentMs)
  for (const silent of [reader, talker, late]) await silent.until(/^\* you are /)
  await late.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n').closed()
  talker.write('halo\n')
  await ani.until(/> halo$/)
  expect(ani.lines.filter((each) => each.includes(' joined'))).toHaveLength(1)
  clock.advance(5 * silentMs - 1)
  await caughtUp(talker, ani)
  expect(ani.lines.filter((each) => each.includes(' joined'))).toHaveLength(1)
  clock.advance(1)
  await ani.until((client) => client.lines.filter((each) => each.includes(' joined')).length === 2)
  await caughtUp(talker, ani)
  expect(ani.lines.filter((each) => / (?:joined|left)/.test(each))).toHaveLength(2)
})

test('C36: a silent one from where a browser is may be that browser’s: it is greeted after five times as long', async () => {
  const clock = new ManualClock()
  const { silentMs } = listenerDefaults
  const { port } = await startHost({ listen: { silentMs }, overrides: { clock } })
  const page = await half(port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await page.until(/^HTTP\/1.1 200 /)
  const [late, silent] = [await LineClient.connect(port), await LineClient.connect(port)]
  await settled(port)
  clock.advance(silentMs)
  await settled(port)
  await late.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n').until(/^HTTP\/1.1 200 /)
  expect([late.lines[0]?.trim(), silent.lines]).toEqual(['HTTP/1.1 200 OK', []])
  clock.advance(4 * silentMs)
  await silent.until(/^\* you are /)
})
