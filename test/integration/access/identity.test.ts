import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { PinoLog } from '#system/pino-log.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { startHost } from '../../harness/host.ts'
import { ask, OpenAnswer } from '../../harness/http-client.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'
import { pair } from '../../harness/line-rooms.ts'

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
  const { port } = await startHost({ line: { apartMs: 5 } })
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
  // With a second slash before the first blank, a slash word is a path, and is said.
  expect(budi.talk).toHaveLength(attack.includes('/') ? 2 : 1)
  for (const file of budi.files.slice(0, 2)) {
    expect(file.sha256).toBe(sha256Of('DATA'))
    expect(file.name).not.toMatch(/[/\\:*?"<>|]/)
  }
})

test('C59: marks past the fourth on a base go, the text stays', async () => {
  const { ani, budi } = await pair()
  ani.write(`a${'\u0301'.repeat(1000)}b\n${'﷽'.repeat(1000)}\n`)
  ani.write(`SEND a${'\u0301'.repeat(90)}b.txt\nDATA//AGUEL//TAMTAM//`)
  await budi.until((client) => client.files.length === 1)
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual([`<ani> a${'\u0301'.repeat(4)}b`, `<ani> ${'﷽'.repeat(1000)}`])
  // NFC makes one letter of a base and its first mark, which four more may follow.
  expect(budi.files[0]?.name).toBe(`\u00e1${'\u0301'.repeat(4)}b.txt`)
  expect(budi.bytes.toString()).not.toMatch(/\p{M}{5}/u)
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
  const { port, ani, budi } = await pair({ overrides: { log }, line: { uploadStallMs: 50 } })
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
