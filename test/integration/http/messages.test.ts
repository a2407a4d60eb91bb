import { expect, test } from 'vitest'
import { ManualClock } from '../../contract/index.ts'
import { type Asked, ask, OpenAnswer, sayOverHttp, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'
import { turns } from '../../harness/turns.ts'

/** A room, and what was said in it, as `<name> text`. */
async function room(options: Parameters<typeof startHttpHost>[0] = {}) {
  const host = await startHttpHost(options)
  const said = async () => {
    // By somebody else, who pays for it.
    const { json } = await ask(host.port, 'GET /rooms/lobby/events?after=0&limit=500', { from: '127.0.0.9' })
    const { events } = json as { events: { type: string; by: { name: string }; text: string }[] }
    return events.map(({ type, by, text }) => (type === 'said' ? `<${by.name}> ${text}` : `* ${by.name} ${text}`))
  }
  return { ...host, said }
}

const json = (body: unknown, asked: Asked = {}): Asked => ({
  ...asked,
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...asked.headers },
})
const MESSAGES = 'POST /rooms/lobby/messages'

test('a text is said by the address, or by the name that comes with the request, and nobody hears it come or go', async () => {
  const { port, said } = await room()
  const ani = await LineClient.join(port, 'ani')
  expect(await sayOverHttp(port, 'lobby', 'halo\n')).toMatchObject({ status: 201, json: { seq: 1, duplicate: false } })
  await sayOverHttp(port, 'lobby', 'hi', { as: 'budi' })
  await ask(port, MESSAGES, json({ text: 'waves', type: 'act' }, { as: 'budi' }))
  await ask(port, MESSAGES, json({ text: 'two\nlines' }))
  await ani.until('<127.0.0.1> lines')
  expect(ani.lines.slice(-5)).toEqual([
    '<127.0.0.1> halo',
    '<budi> hi',
    '* budi waves',
    '<127.0.0.1> two',
    '<127.0.0.1> lines',
  ])
  expect(await said()).toEqual(['<127.0.0.1> halo', '<budi> hi', '* budi waves', '<127.0.0.1> two\nlines'])
})

test('a body of several lines is as many messages, in order; blank ones are nothing', async () => {
  const { port, said } = await room()
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}`)
  const answer = await sayOverHttp(port, 'lobby', `\r\n${lines.join('\r\n')}\n\n`)
  expect(answer).toMatchObject({ status: 201, json: { seq: 2000, duplicate: false } })
  expect(await said()).toEqual(lines.slice(0, 500).map((line) => `<127.0.0.1> ${line}`))
})

test('of several lines none is said where one of them can not be', async () => {
  const { port, said } = await room({ limits: { maxTextBytes: 10 } })
  const answer = await sayOverHttp(port, 'lobby', 'one\nmuch too long a line\nthree')
  expect([answer.status, answer.json]).toEqual([413, { code: 'LINE_TOO_LONG', message: expect.any(String) }])
  expect(await said()).toEqual([])
})

test('what a full mailbox does not take waits, and nothing is lost or said out of order', async () => {
  const { port, said } = await room({ limits: { mailboxCommands: 7, commitCommands: 3 } })
  const lines = Array.from({ length: 300 }, (_, index) => `line ${index}`)
  expect(await sayOverHttp(port, 'lobby', lines.join('\n'))).toMatchObject({ status: 201, json: { seq: 300 } })
  expect(await said()).toEqual(lines.map((line) => `<127.0.0.1> ${line}`))
})

test('C118: with an Idempotency-Key a message that is sent again is still one', async () => {
  const { port, said } = await room()
  const keyed = (key: string, asked: Asked = {}) => ({ ...asked, headers: { 'Idempotency-Key': key } })
  const first = await sayOverHttp(port, 'lobby', 'a\nb\nc', keyed('k', { as: 'ani' }))
  expect([first.status, first.json]).toEqual([201, { seq: 3, duplicate: false }])
  const again = await sayOverHttp(port, 'lobby', 'a\nb\nc', keyed('k', { as: 'ani' }))
  expect([again.status, again.json]).toEqual([200, { seq: 3, duplicate: true }])
  // What was cut in its middle is completed.
  const longer = await sayOverHttp(port, 'lobby', 'a\nb\nc\nd', keyed('k', { as: 'ani' }))
  expect([longer.status, longer.json]).toEqual([201, { seq: 4, duplicate: false }])
  const other = await sayOverHttp(port, 'lobby', 'x', keyed('k', { as: 'ani' }))
  expect([other.status, other.json]).toEqual([422, { code: 'ID_REUSED', message: expect.any(String) }])
  // Somebody else's key is somebody else's.
  expect((await sayOverHttp(port, 'lobby', 'mine', keyed('k', { as: 'budi' }))).status).toBe(201)
  expect((await sayOverHttp(port, 'lobby', 'mine too', keyed('k'))).status).toBe(201)
  expect(await said()).toEqual(['<ani> a', '<ani> b', '<ani> c', '<ani> d', '<budi> mine', '<127.0.0.1> mine too'])
})

test('C118: two people behind one address never get in each other’s way with a message key', async () => {
  const { port, said } = await room()
  const keyed = { headers: { 'Idempotency-Key': '1' } }
  for (const text of ['from ani', 'from budi']) {
    const first = await sayOverHttp(port, 'lobby', text, keyed)
    expect([first.status, first.json]).toEqual([201, { seq: expect.any(Number), duplicate: false }])
    expect((await sayOverHttp(port, 'lobby', text, keyed)).status).toBe(200)
  }
  expect(await said()).toEqual(['<127.0.0.1> from ani', '<127.0.0.1> from budi'])
})

test.each(['frames', 'websocket'] as const)(
  'C118: a member’s message is one, over HTTP from wherever they come, under whatever name, and over %s',
  async (by) => {
    const { port, said } = await room()
    const ani = await SessionClient.join(port, by, 'ani')
    const [first] = ani.send({ type: 'command', ref: 1, command: { type: 'say', text: 'once', id: 'k' } }).of('ack')
    expect(first).toBe(undefined)
    await ani.until(() => ani.of('ack').length === 1)
    const shown = { 'Tamtam-Key': keyOf('ani'), 'Idempotency-Key': 'k' }
    const again = (from: string, text = 'once') => sayOverHttp(port, 'lobby', text, { headers: shown, from })
    expect((await again('127.0.0.1')).status).toBe(200)
    ani.send({ type: 'command', ref: 2, command: { type: 'rename', name: 'ani2' } })
    await ani.until(() => ani.of('ack').length === 2)
    expect((await again('127.0.0.2')).status).toBe(200)
    expect((await again('127.0.0.2', 'another')).json).toMatchObject({ code: 'ID_REUSED' })
    // The key of somebody else is another one, at the same address.
    expect((await sayOverHttp(port, 'lobby', 'mine', { headers: { 'Idempotency-Key': 'k' } })).status).toBe(201)
    expect(await said()).toEqual(['<ani> once', '<127.0.0.1> mine'])
  },
)

test.each(['', 'two words', 'ümlaut', 'a'.repeat(129)])('an Idempotency-Key of %j is refused', async (key) => {
  const { port } = await room()
  const answer = await sayOverHttp(port, 'lobby', 'hi', {
    headers: { 'Idempotency-Key': Buffer.from(key).toString('latin1') },
  })
  expect([answer.status, answer.json]).toEqual([400, { code: 'BAD_REQUEST', message: expect.any(String) }])
})

test('the same message sent many times at once is one', async () => {
  const { port, said } = await room()
  const answers = await Promise.all(
    Array.from({ length: 30 }, () =>
      sayOverHttp(port, 'lobby', 'once', { as: 'ani', headers: { 'Idempotency-Key': 'k' } }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(29).fill(200), 201])
  expect(await said()).toEqual(['<ani> once'])
})

const REFUSED: readonly (readonly [string, Asked, number, string])[] = [
  ['no text', { body: '' }, 400, 'BAD_TEXT'],
  ['line ends only', { body: '\r\n\n' }, 400, 'BAD_TEXT'],
  ['no body at all', {}, 400, 'BAD_TEXT'],
  ['C11: half a character', { body: Buffer.from([0x61, 0xc3]) }, 400, 'BAD_TEXT'],
  ['C11: an overlong slash', { body: Buffer.from([0xc0, 0xaf]) }, 400, 'BAD_TEXT'],
  ['more than 64 KiB', { body: 'a\n'.repeat(33_000) }, 413, 'TOO_LARGE'],
  [
    'a form with files',
    { body: 'hi', headers: { 'Content-Type': 'multipart/form-data; boundary=x' } },
    415,
    'UNSUPPORTED_TYPE',
  ],
  [
    'another charset',
    { body: 'hi', headers: { 'Content-Type': 'text/plain; charset=utf-7' } },
    415,
    'UNSUPPORTED_TYPE',
  ],
  [
    'half a word of UTF-16',
    { body: Buffer.from('fffe680069', 'hex'), headers: { 'Content-Type': 'text/plain; charset=utf-16' } },
    400,
    'BAD_TEXT',
  ],
  ['UTF-32', { body: Buffer.from('fffe00006800000069000000', 'hex') }, 400, 'BAD_TEXT'],
  ['what PowerShell sends by itself', { body: Buffer.from('caf\u00e9', 'latin1') }, 400, 'BAD_TEXT'],
  [
    'Latin 1 that is said to be UTF-8',
    { body: Buffer.from('caf\u00e9', 'latin1'), headers: { 'Content-Type': 'text/plain; charset=UTF-8' } },
    400,
    'BAD_TEXT',
  ],
  [
    'UTF-16 that is said to be UTF-8',
    { body: Buffer.from('fffe6800', 'hex'), headers: { 'Content-Type': 'text/plain; charset="utf-8"' } },
    400,
    'BAD_TEXT',
  ],
  ['UTF-16 without its mark', { body: Buffer.from('halo\r\n', 'utf16le') }, 400, 'BAD_TEXT'],
  ['UTF-16 without its mark, big end first', { body: Buffer.from('halo', 'utf16le').swap16() }, 400, 'BAD_TEXT'],
  ['JSON in UTF-16 without its mark', { ...json(0), body: Buffer.from('{"text":"hi"}', 'utf16le') }, 400, 'BAD_TEXT'],
  ['no type that is one', { body: 'hi', headers: { 'Content-Type': 'nonsense' } }, 415, 'UNSUPPORTED_TYPE'],
  [
    'something packed',
    { body: 'hi', headers: { 'Content-Type': 'text/plain', 'Content-Encoding': 'gzip' } },
    415,
    'UNSUPPORTED_TYPE',
  ],
  ['broken JSON', { ...json(0), body: '{"text":' }, 400, 'BAD_REQUEST'],
  ['JSON that is no object', json(['hi']), 400, 'BAD_REQUEST'],
  ['JSON with no text', json({ type: 'say' }), 400, 'BAD_REQUEST'],
  ['JSON with a number for a text', json({ text: 1 }), 400, 'BAD_REQUEST'],
  ['JSON with a type of its own', json({ text: 'hi', type: 'shout' }), 400, 'BAD_REQUEST'],
  ['JSON with more than is known', json({ text: 'hi', to: 'ani' }), 400, 'BAD_REQUEST'],
  ['C11: half a surrogate pair in JSON', { ...json(0), body: '{"text":"\\ud800"}' }, 400, 'BAD_TEXT'],
  ['__proto__ in JSON', { ...json(0), body: '{"__proto__":{"text":"hi"}}' }, 400, 'BAD_REQUEST'],
]

test.each(REFUSED)('%s is refused, and nothing is said', async (_case, asked, status, code) => {
  const { port, said } = await room()
  const answer = await ask(port, MESSAGES, { ...asked, headers: { 'Content-Type': 'text/plain', ...asked.headers } })
  expect([answer.status, answer.json]).toEqual([status, { code, message: expect.any(String) }])
  expect(await said()).toEqual([])
})

test('a text without a type, or with the one that curl gives it, is a text; a byte order mark is none of it', async () => {
  const { port, said } = await room()
  await ask(port, MESSAGES, { body: 'a=b%20', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })
  await ask(port, MESSAGES, { body: Buffer.from('\ufeffhalo') })
  expect(await said()).toEqual(['<127.0.0.1> a=b%20', '<127.0.0.1> halo'])
})

test('what is in another charset, and says so or begins with the mark of UTF-16, comes out as it was', async () => {
  const { port, said } = await room()
  const text = 'caf\u00e9 \u20ac \u{1f469}'
  const little = Buffer.from(`\ufeff${text}\r\nagain`, 'utf16le')
  const big = Buffer.from(little).swap16()
  const typed = (type: string, body: Buffer) => ask(port, MESSAGES, { body, headers: { 'Content-Type': type } })
  for (const [type, body] of [
    ['text/plain', little],
    ['text/plain', big],
    ['text/plain; charset=utf-16', little],
    ['text/plain; charset=utf-16', big],
    ['text/plain; charset=UTF-16LE', little.subarray(2)],
    ['text/plain; charset="utf-16be"', big.subarray(2)],
    ['text/plain; charset=iso-8859-1', Buffer.from('caf\u00e9\r\nagain', 'latin1')],
    ['application/json; charset=utf-8', Buffer.from(`\ufeff{"text":"${text}\\r\\nagain"}`)],
    ['application/json', Buffer.from(`\ufeff{"text":"${text}"}`, 'utf16le')],
  ] as const)
    expect([type, (await typed(type, body)).status]).toEqual([type, 201])
  const me = '<127.0.0.1>'
  const both = [`${me} ${text}`, `${me} again`]
  expect(await said()).toEqual([
    ...Array.from({ length: 6 }, () => both).flat(),
    `${me} caf\u00e9`,
    `${me} again`,
    `${me} ${text}\nagain`,
    `${me} ${text}`,
  ])
})

test('a password is what was sent, or is refused', async () => {
  const { port } = await room()
  const put = (body: Buffer, type = 'application/json') =>
    ask(port, 'PUT /rooms/lobby/password', { body, headers: { 'Content-Type': type } })
  // Nobody looks after the room: what can be understood gets as far as that.
  expect((await put(Buffer.from('{"password":"caf\u00e9"}'))).status).toBe(403)
  expect((await put(Buffer.from('\ufeff{"password":"caf\u00e9"}', 'utf16le'))).status).toBe(403)
  expect((await put(Buffer.from('{"password":"caf\u00e9"}', 'latin1'))).json).toMatchObject({ code: 'BAD_TEXT' })
  expect((await put(Buffer.from('{'))).json).toMatchObject({ code: 'BAD_REQUEST' })
})

test('C63, C64: a name must be free and fit to be one', async () => {
  const { port, said } = await room()
  await LineClient.join(port, 'ani')
  for (const [as, status, code] of [
    ['ani', 409, 'NAME_TAKEN'],
    ['ANI', 409, 'NAME_TAKEN'],
    ['root', 400, 'BAD_NAME'],
    ['127.0.0.1', 400, 'BAD_NAME'],
    ['a b', 400, 'BAD_NAME'],
  ] as const) {
    const answer = await sayOverHttp(port, 'lobby', 'hi', { as })
    expect([as, answer.status, answer.json]).toEqual([as, status, { code, message: expect.any(String) }])
  }
  await sayOverHttp(port, 'lobby', 'hi', { as: '' })
  expect(await said()).toEqual(['<127.0.0.1> hi'])
})

test('one address may use its name in several requests at once; it is free when the last of them is over', async () => {
  const { port } = await room()
  const from = (address: string): Asked => ({ as: 'ani', from: address })
  const streams = await Promise.all(
    [1, 2].map(() =>
      OpenAnswer.of(port, 'GET /rooms/lobby/events', {
        ...from('127.0.0.1'),
        headers: { Accept: 'application/x-ndjson' },
      }),
    ),
  )
  expect((await sayOverHttp(port, 'lobby', 'mine', from('127.0.0.1'))).status).toBe(201)
  expect((await sayOverHttp(port, 'lobby', 'not mine', from('127.0.0.2'))).status).toBe(409)
  streams[0]?.close()
  expect((await sayOverHttp(port, 'lobby', 'not mine', from('127.0.0.2'))).status).toBe(409)
  streams[1]?.close()
  await expect.poll(async () => (await sayOverHttp(port, 'lobby', 'now mine', from('127.0.0.2'))).status).toBe(201)
})

test('C67, C125: over the rate an answer waits, whatever a proxy is said to have forwarded; nothing is dropped', async () => {
  const clock = new ManualClock()
  const { port, said } = await room({
    http: { rateOnLoopback: true, linesPerSecond: 10, linesBurst: 5 },
    overrides: { clock },
    listen: { silentMs: 1_000_000 },
  })
  const settled: number[] = []
  const others = clock.waiting
  const answers = [0, 1, 2].map((index) =>
    sayOverHttp(port, 'lobby', 'a\nb\nc', { headers: { 'X-Forwarded-For': `10.0.0.${index}` } }).then(({ status }) =>
      settled.push(status),
    ),
  )
  // One timer is of what waits, the other watches the connections of HTTP from the first one on.
  await expect.poll(() => [settled, clock.waiting]).toEqual([[201], others + 2])
  expect(await said()).toHaveLength(3)
  const begun = clock.elapsed()
  for (let come = 0; settled.length < 3 && come < 100; come++) {
    clock.advance(100)
    await turns(20)
  }
  await Promise.all(answers)
  // Four lines over the five that may come at once, ten a second.
  expect(clock.elapsed() - begun).toBeGreaterThanOrEqual(400)
  expect(await said()).toHaveLength(9)
})
