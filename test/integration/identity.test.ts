import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { PinoLog } from '../../src/adapters/system/pino-log.ts'
import { type HostOptions, startHost } from '../helpers/host.ts'
import { ask, OpenAnswer } from '../helpers/http-client.ts'
import { caughtUp, LineClient, sha256 } from '../helpers/line-client.ts'

async function pair(options: HostOptions = {}) {
  const host = await startHost({ ...options, line: { apartMs: 5, ...options.line } })
  const ani = await LineClient.join(host.port, 'ani')
  const budi = await LineClient.join(host.port, 'budi')
  return { ...host, ani, budi }
}

// Everything that acts on a terminal, C0 but for tab and line feed, C1, and what turns or hides text.
const ACTING = new RegExp(
  [
    '[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f]',
    '[\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]',
    '[\\ufe00-\\ufe0f]',
    '[\\u{e0000}-\\u{e0fff}]',
  ].join('|'),
  'u',
)

/** Nothing in what arrived acts; the zero-width space that hides SEND is ours. */
function expectHarmless(...clients: readonly LineClient[]): void {
  for (const client of clients) {
    const text = client.bytes.toString().replaceAll('S\u200bEND', 'SEND')
    expect(text).not.toMatch(ACTING)
    expect(text).not.toContain('\ufffd')
  }
}

/** As curl shows it on a terminal; whoever parses it gets what was said. */
async function expectHarmlessOverHttp(port: number, said: string): Promise<void> {
  const page = await ask(port, 'GET /rooms/lobby/events')
  const headers = { Accept: 'application/x-ndjson' }
  const stream = await OpenAnswer.of(port, 'GET /rooms/lobby/events?after=0', { headers })
  await stream.until(({ lines }) => lines.some((line) => line.includes('fileCompleted')))
  expect(JSON.stringify(page.json)).toContain(JSON.stringify(said))
  expect(stream.events).toContainEqual(expect.objectContaining({ type: 'said', text: said }))
  for (const text of [page.text, ...stream.lines, (await ask(port, 'GET /rooms/lobby')).text])
    expect(text).not.toMatch(ACTING)
}

const ATTACKS = [
  ['C57: clear the screen', '\x1b[2J'],
  ['C57: set the title', '\x1b]0;t\x07'],
  ['C57: set the clipboard', '\x1b]52;c;cm0gLXJm\x07'],
  ['C57: forge a link', '\x1b]8;;http://e\x07x\x1b]8;;\x07'],
  ['C57: DCS, APC', '\x1bPq\x1b\\\x1b_Gx\x1b\\'],
  ['C57: another charset', '\x1b(0'],
  ['C58: C1', '\x9d52;c;AAAA\x9c\x9b31m'],
  ['C58: unterminated', '\x1b]52;c;AAAA'],
  ['C58: backspaces, bells, NUL, DEL', 'a\b\b\x07\x00\x7f'],
  ['C58: a bare CR', 'a\rb'],
  ['C58: NEL, U+2028', 'a\u0085b\u2028c'],
  ['C58: bidi', '\u202eabc\u2066d'],
  ['C58: invisible', 'a\u200bb\ufeffc\u{e0041}d'],
] as const

test.each(ATTACKS)('%s: from no field does it reach anybody raw', async (_case, attack) => {
  // Who speaks HTTP is not to be taken for a silent one.
  const { port } = await startHost({ line: { apartMs: 5 }, listen: { silentMs: 1000 } })
  const connect = () => LineClient.connect(port)
  const [ani, budi, chandra] = [await connect(), await connect(), await connect()]
  await ani.ask('/nick ani', '* you are now ani')
  await budi.ask('/nick budi', '* you are now budi')
  await chandra.ask('/files links', /^\* files come as a line/)
  ani.write(`${attack} text\n/me ${attack} acts\n/topic ${attack} topic\n/msg budi ${attack} whispered\n`)
  // Names with a NUL are refused (C42), and a control behind the end mark makes the mark suspect (C23).
  const named = attack.replaceAll('\0', '')
  ani.write(`SEND ${named}name.txt\nDATA//AGUEL//TAMTAM//\n`)
  ani.write(`/put 4 ${named}sized.txt\nDATA/put 12 ${named}cut\nDATA`)
  await budi.until(/is sending .*cut/)
  // Errors quote nothing that acts either.
  ani.write('DATADATA')
  ani.write(
    `/nick ${attack}\n/join ${attack}\n/${attack}\n/msg ${attack} x\n/search ${attack}\n/get ${attack}\n/files ${attack}\n`,
  )
  ani.write('/files\n/topic\n/history\n/who\n')
  await caughtUp(ani, budi, chandra)
  await ani.until(/^\* \d+ in lobby:/)
  await budi.until((client) => client.files.length === 3)
  const late = (await connect()).write('/files\n/topic\n/history\n')
  await late.until('* end of history')
  expectHarmless(ani, budi, chandra, late)
  await expectHarmlessOverHttp(port, `${attack} text`)
  expect(budi.talk).toHaveLength(1)
  for (const file of budi.files.slice(0, 2)) {
    expect(file.sha256).toBe(sha256('DATA'))
    expect(file.name).not.toMatch(/[/\\:*?"<>|]/)
  }
})

test('C59: marks past the fourth on a base go, the text stays', async () => {
  const { ani, budi } = await pair()
  ani.write(`a${'\u0301'.repeat(1000)}b\n${'﷽'.repeat(1000)}\n`)
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual([`<ani> a${'\u0301'.repeat(4)}b`, `<ani> ${'﷽'.repeat(1000)}`])
})

const FORGED = 'secret\x1b[2J\x9b{"level":50,"msg":"secret"}'
const BASIC = Buffer.from(`secret\n{"level":50,"msg":"secret"}:`).toString('base64')
const PUT = 'PUT /lobby/secret%0a%1b%5b2J HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n'

test('C60: what people write, call themselves and call their files is in no log, nor what programs tell of themselves', async () => {
  const logged: string[] = []
  const stream = new Writable({
    write: (chunk, _, done) => {
      logged.push(String(chunk))
      done()
    },
  })
  const log = new PinoLog({ stream })
  const { port, ani, budi } = await pair({ overrides: { log }, line: { uploadStallMs: 50 }, listen: { silentMs: 300 } })
  for (const word of ['', '/topic ', '/join ', '/nick ', '/msg ', '/search ', '/']) ani.write(`${word}${FORGED}\n`)
  ani.write(`SEND ${FORGED}.txt\nsecret bytes`)
  await ani.until(/^! TRANSFER_STALLED /)
  ani.reset()
  const requests = [
    `GET /secret HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: ${FORGED}\r\nConnection: close\r\n`,
    `GET /rooms/lobby HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${BASIC}\r\nConnection: close\r\n`,
    'GET / HTTP/1.1\r\nHost: secret.example\r\nConnection: close\r\n',
    'SECRET /secret HTTP/1.1\r\n',
    PUT,
  ]
  for (const head of requests) {
    const page = await LineClient.connect(port)
    page.write(`${head}\r\nsecret\n`)
    if (head !== PUT) await page.closed()
    else {
      await budi.until(/^\* 127\.0\.0\.1 is sending /)
      page.reset()
      await budi.until(/is gone: /)
    }
  }
  expect(logged.length).toBeGreaterThan(0)
  for (const line of logged) expect(line).toMatch(/^\{[^\x00-\x1f\x7f-\x9f]*\}\n$/)
  expect(logged.join('')).not.toContain('secret')
})

const TAKEN = ['alice', 'ALICE', 'alIce', 'al1ce', 'аlicе']

test.each(TAKEN)('C63: while somebody is alice, nobody else is %s', async (nick) => {
  const { ani, budi } = await pair()
  await ani.ask('/nick alice', '* you are now alice')
  const refusal = await budi.ask(`/nick ${nick}`, /^! /)
  expect(refusal).toMatch(/^! (NAME_TAKEN|BAD_NAME) /)
  expect(budi.lines.filter((line) => line.startsWith('* you are now'))).toEqual(['* you are now budi'])
})

test.each([
  ['C63', 'alice\u200b'],
  ['C63', 'аdmin'],
  ...'Admin adm1n server SERVER system tamtam root NickServ'.split(' ').map((nick) => ['C64', nick] as const),
  ...'* !x @x #x 127.0.0.1 1.2.3.4 l27.o.o.1 a:b a/b a,b <a>'.split(' ').map((nick) => ['C64', nick] as const),
  ['C64', ''],
  ['C64', 'a b'],
  ['C64', 'x'.repeat(33)],
] as const)('%s: nobody can be called %j', async (_case, nick) => {
  const { ani, budi } = await pair()
  expect(await budi.ask(`/nick ${nick}`, /^! /)).toMatch(/^! BAD_NAME /)
  await caughtUp(budi, ani)
  expect(ani.lines.filter((line) => line.includes('is now'))).toEqual(['* 127.0.0.1 is now budi'])
})

test('C63: rn is not m while somebody is m', async () => {
  const { ani, budi } = await pair()
  await ani.ask('/nick rnarc', '* you are now rnarc')
  expect(await budi.ask('/nick marc', /^! /)).toMatch(/^! NAME_TAKEN /)
})

test('C65: of many that ask for one nick at once exactly one gets it', async () => {
  const { port } = await startHost()
  const crowd = await Promise.all(Array.from({ length: 10 }, () => LineClient.join(port)))
  for (const client of crowd) client.write('/nick same\n')
  await Promise.all(crowd.map((client) => client.until(/^(! NAME_TAKEN|\* you are now)/)))
  const owners = crowd.filter((client) => client.lines.includes('* you are now same'))
  expect(owners).toHaveLength(1)
})

test.each(['leave', 'reset', 'quit', 'halfClose'] as const)(
  'C65: a nick is free again when its owner goes (%s)',
  async (way) => {
    const { ani, budi } = await pair({ line: { halfCloseMs: 20 } })
    if (way === 'quit') ani.write('/quit\n')
    else ani[way]()
    await budi.until(/^\* ani left/)
    await budi.ask('/nick ani', '* you are now ani')
  },
)

test('C65: a nick that was changed is free again, and its owner may change its case', async () => {
  const { ani, budi } = await pair()
  await ani.ask('/nick Ani', '* you are now Ani')
  await budi.until('* ani is now Ani')
  await ani.ask('/nick tari', '* you are now tari')
  await budi.ask('/nick ani', '* you are now ani')
  await ani.until('* budi is now ani')
})

test('C65: what is said around a change of nick is said under the name of its time', async () => {
  const { ani, budi } = await pair()
  ani.write('one\n/nick tari\ntwo\n')
  await budi.until('<tari> two')
  expect(budi.lines.slice(-3)).toEqual(['<ani> one', '* ani is now tari', '<tari> two'])
})

test('C65: nothing is said behind /quit', async () => {
  const { ani, budi } = await pair()
  ani.write('one\n/quit\ntwo\n')
  await ani.closed()
  await budi.until('* ani left')
  expect(budi.talk).toEqual(['<ani> one'])
})

test.each(['../x', '..', '#', '', 'a/b', 'x'.repeat(65), 'лobby', '*', '\x1b[2J'])(
  'C66: there is no room called %j',
  async (room) => {
    const { ani, budi } = await pair()
    expect(await ani.ask(`/join ${room}`, /^! /)).toMatch(/^! BAD_ROOM /)
    ani.write('still here\n')
    await budi.until('<ani> still here')
  },
)

test('C66: one connection joins twenty rooms and no more, and may go back', async () => {
  const { port, ani, budi } = await pair()
  for (let room = 1; room < 20; room++)
    await ani.ask(`/join room-${room}`, new RegExp(`^\\* you are ani in room-${room}:`))
  expect(await ani.ask('/join one-more', /^! /)).toMatch(/^! TOO_MANY_ROOMS /)
  const from = ani.lines.length
  ani.write('/join #LOBBY\n')
  await ani.until(/^\* you are ani in lobby:/, from)
  ani.write('back\n')
  await budi.until('<ani> back')
  const other = await LineClient.join(port)
  await other.ask('/join one-more', /^\* you are 127\.0\.0\.1 in one-more: 1 here/)
})

test('C66: rooms that are empty vanish, and make room for others', async () => {
  const { ani, budi } = await pair({ limits: { rooms: 2 } })
  await ani.ask('/join hall', /^\* you are ani in hall/)
  expect(await budi.ask('/join attic', /^! /)).toMatch(/^! TOO_MANY_ROOMS /)
  await ani.ask('/join lobby', /^\* you are ani in lobby/)
  await budi.ask('/join attic', /^\* you are budi in attic/)
})

test('C66: what is said in one room is heard in no other', async () => {
  const { port, ani, budi } = await pair()
  const chandra = await LineClient.join(port, 'chandra')
  await chandra.ask('/join hall', /^\* you are chandra in hall/)
  ani.write('in the lobby\n')
  chandra.write('in the hall\n')
  await caughtUp(ani, budi)
  await ani.ask('/join hall', /^\* you are ani in hall: 2 here, \d+ so far/)
  await caughtUp(chandra, ani)
  expect(budi.talk).toEqual(['<ani> in the lobby'])
  expect(ani.talk).toEqual([])
  expect(chandra.talk).toEqual([])
})

test('C117: a whisper reaches the one it is for, and is in nobody else’s history', async () => {
  const { port, ani, budi } = await pair()
  const chandra = await LineClient.join(port, 'chandra')
  await ani.ask('/msg budi psst', '* to budi: psst')
  await budi.until('* ani whispers: psst')
  await caughtUp(ani, chandra, budi)
  for (const client of [ani, budi, chandra]) await client.ask('/history', '* end of history')
  expect(chandra.bytes.includes('psst')).toBe(false)
  expect(budi.lines.filter((line) => line.includes('psst'))).toHaveLength(2)
  const guests = await Promise.all([LineClient.join(port), LineClient.join(port)])
  expect(await ani.ask('/msg 127.0.0.1 psst', /^! /)).toMatch(/^! NO_SUCH_MEMBER /)
  for (const guest of guests) expect(guest.bytes.includes('psst')).toBe(false)
})

test.each([
  ['C38', '../../etc/passwd', 'passwd'],
  ['C39', 'C:\\x\\win.ini', 'win.ini'],
  ['C41', '~/.ssh/authorized_keys', 'authorized_keys'],
  ['C44', 'con.txt', '_con.txt'],
  ['C45', 'a.txt:evil', 'a.txt_evil'],
  ['C48', 'photo\u202egnp.exe', 'photognp.exe'],
  ['C49', '-rf', '_rf'],
  ['C50', '.bashrc', '_bashrc'],
])('%s: a file called %j arrives as %s', async (_case, name, safe) => {
  const { ani, budi } = await pair()
  ani.write(`SEND ${name}\nDATA//AGUEL//TAMTAM//`)
  await budi.until((client) => client.files.length === 1)
  expect(budi.files[0]).toMatchObject({ name: safe, size: 4 })
})

test.each(['..', '.', 'a/..', 'a\0.png'])(
  'C38, C40, C42: a file called %j is refused, its bytes are read over',
  async (name) => {
    const { ani, budi } = await pair()
    ani.write(`SEND ${name}\nDATA//AGUEL//TAMTAM//text\n`)
    await budi.until('<ani> text')
    expect(ani.errors).toEqual([expect.stringMatching(/^! BAD_NAME /)])
    expect(budi.files).toEqual([])
    expect(budi.talk).toEqual(['<ani> text'])
  },
)
