import { expect, test } from 'vitest'
import { startHost } from '../../harness/host.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'

/** Two in a room: what `ani` writes is what `budi` must see. */
async function pair(options: Parameters<typeof startHost>[0] = {}) {
  const host = await startHost(options)
  const ani = await LineClient.join(host.port, 'ani')
  const budi = await LineClient.join(host.port, 'budi')
  return { ...host, ani, budi }
}

test('C1: a line split anywhere, or byte by byte, is one line', async () => {
  const { ani, budi } = await pair()
  const said = 'hello there'
  for (let at = 1; at <= said.length; at++) await ani.writeApart(said.slice(0, at), `${said.slice(at)}\n`)
  await ani.writeByteByByte(`${said}\n`)
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual(Array.from({ length: said.length + 1 }, () => `<ani> ${said}`))
})

test('C2: many lines in one segment are as many lines, in order', async () => {
  const { ani, budi } = await pair()
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index}`)
  ani.write(`${lines.join('\n')}\n`)
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual(lines.map((line) => `<ani> ${line}`))
  expect(ani.talk).toEqual([])
})

test('C3: one CR before the line feed goes, also where it comes alone', async () => {
  const { ani, budi } = await pair()
  await ani.writeApart('a\r', '\nb\r\n')
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual(['<ani> a', '<ani> b'])
})

test('C4, C62: a bare CR and somebody else as a prefix stay what they are', async () => {
  const { ani, budi } = await pair()
  ani.write('hi\r<10.0.0.9> fake\n<10.0.0.2> pay me\n* budi left\n! CLOSED go away\n')
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual([
    '<ani> hi␍<10.0.0.9> fake',
    '<ani> <10.0.0.2> pay me',
    '<ani> * budi left',
    '<ani> ! CLOSED go away',
  ])
  expect(budi.bytes.includes('\r')).toBe(false)
})

test('C5: blank lines are nothing', async () => {
  const { ani, budi } = await pair()
  ani.write('\n\n\r\n\nx\n\n')
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual(['<ani> x'])
})

test('C6: a last line without its end is said when the sender half-closes', async () => {
  const { ani, budi } = await pair()
  await ani.writeApart('first\nbye')
  ani.halfClose()
  await budi.until('<ani> bye')
  expect(budi.talk).toEqual(['<ani> first', '<ani> bye'])
})

test.each(['bye', 'GET', 'a longer good bye', 'hi\nbye', 'hi\n'])(
  'C6, C8: all that a connection says is %j, and then the end',
  async (text) => {
    const { port } = await startHost({ listen: { silentMs: 1000 } })
    const budi = await LineClient.connect(port)
    budi.write('/nick budi\n')
    await budi.until('* you are now budi')
    const quick = await LineClient.connect(port)
    quick.write(text).halfClose()
    const last = text.trim().split('\n').at(-1)
    await budi.until(`<127.0.0.1> ${last}`)
    expect(budi.talk).toEqual(
      text
        .trim()
        .split('\n')
        .map((line) => `<127.0.0.1> ${line}`),
    )
  },
)

test('C7: a line without its end waits for it', async () => {
  const { ani, budi } = await pair()
  await ani.writeApart('hello')
  const chandra = await LineClient.join(budi.socket.remotePort as number, 'chandra')
  await caughtUp(chandra, budi, ani)
  expect(budi.talk).toEqual([])
  ani.write(' again\n')
  await budi.until('<ani> hello again')
  expect(budi.talk).toEqual(['<ani> hello again'])
})

test('C8: whoever has said all it has to say can go on reading', async () => {
  const { ani, budi } = await pair()
  ani.write('hi\n').halfClose()
  await budi.until('<ani> hi')
  budi.write('still there?\n')
  await ani.until('<budi> still there?')
  expect(ani.over).toBe('open')
})

test('C8: a half-closed connection is closed after its time', async () => {
  const { ani, budi } = await pair({ line: { halfCloseMs: 50 } })
  ani.write('hi\n').halfClose()
  await ani.closed()
  await budi.until('* ani left')
})

test('C6, C22: lines behind a file and behind each other keep their order when the sender half-closes at once', async () => {
  const { ani, budi } = await pair({ line: { apartMs: 10 } })
  ani.write('before\nSEND a\nDATA//AGUEL//TAMTAM//one\nSEND b\nMORE//AGUEL//TAMTAM//two\nthree').halfClose()
  await budi.until('<ani> three')
  expect(budi.talk).toEqual(['<ani> before', '<ani> one', '<ani> two', '<ani> three'])
  expect(budi.files.map(({ name, size }) => [name, size])).toEqual([
    ['a', 4],
    ['b', 4],
  ])
})

test('C6, C67: lines over the rate are all said, in order, when the sender half-closes at once', async () => {
  const { ani, budi } = await pair({ line: { linesPerSecond: 100, linesBurst: 10, rateOnLoopback: true } })
  const lines = Array.from({ length: 60 }, (_, index) => `line ${index}`)
  ani.write(lines.join('\n')).halfClose()
  await budi.until('<ani> line 59')
  expect(budi.talk).toEqual(lines.map((line) => `<ani> ${line}`))
})

test('C9: a line without an end is refused once, read over, and in the end cut off', async () => {
  const { ani, budi } = await pair()
  const block = Buffer.alloc(64 * 1024, 'a')
  for (let sent = 0; sent < 10 * 1024 * 1024 && ani.over === 'open'; sent += block.length) {
    if (!ani.socket.write(block)) await Promise.race([new Promise((go) => ani.socket.once('drain', go)), ani.closed()])
  }
  await ani.closed()
  expect(ani.errors.map((line) => line.split(' ')[1])).toEqual(['LINE_TOO_LONG', 'LINE_TOO_LONG'])
  await budi.until(/^\* ani left/)
  expect(budi.talk).toEqual([])
})

test('C9: a line that is too long is refused, and the next is said', async () => {
  const { ani, budi } = await pair()
  ani.write(`${'a'.repeat(100_000)}\nnext\n`)
  await budi.until('<ani> next')
  expect(budi.talk).toEqual(['<ani> next'])
  expect(ani.errors).toHaveLength(1)
})

test('C10: exactly as long as allowed passes, one byte more is refused, no character is cut', async () => {
  const { ani, budi } = await pair()
  const most = 'a'.repeat(4096)
  const emoji = `${'b'.repeat(4092)}😀`
  ani.write(`${most}\n${most}\r\n${most}x\n${emoji}\nc${emoji}\n`)
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual([`<ani> ${most}`, `<ani> ${most}`, `<ani> ${emoji}`])
  expect(ani.errors).toHaveLength(2)
})

test('C11, C12, C13, C15: bytes that are no text become visible, characters survive any split', async () => {
  const { ani, budi } = await pair()
  ani.write(Buffer.from('hi \xff\xfe\xc3\x28\n', 'latin1'))
  await ani.writeApart(Buffer.of(0xf0, 0x9f), Buffer.of(0x98, 0x80, 0x0a))
  ani.write('a\x00b\x07\x08c\td\n')
  ani.write('a\u2028b\u0085c\u000bd\u000ce\n')
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual([
    '<ani> hi \\xff\\xfe\\xc3(',
    '<ani> 😀',
    '<ani> a␀b␇␈c\td',
    '<ani> a<U+2028>b<U+0085>c␋d␌e',
  ])
})

test('C16: SEND anywhere but at the beginning of a line with a name is text, and reaches readers of files in disguise', async () => {
  const { ani, budi } = await pair()
  const chandra = await LineClient.join(budi.socket.remotePort as number, 'chandra')
  await chandra.ask('/files links', /^\* files come as a line/)
  const texts = ['please SEND a.txt now', ' SEND x', 'SENDER', 'send x', 'SEND\tx']
  ani.write(texts.map((text) => `${text}\n`).join(''))
  await caughtUp(ani, budi, chandra)
  expect(chandra.talk).toEqual(texts.map((text) => `<ani> ${text}`))
  expect(budi.talk).toEqual(texts.map((text) => `<ani> ${text.replace('SEND', 'S\u200bEND')}`))
  expect(budi.bytes.includes('SEND')).toBe(false)
})

test('C17: SEND without a name is an error, and the next line is a line', async () => {
  const { ani, budi } = await pair()
  ani.write('SEND\nSEND   \nnext\n')
  await budi.until('<ani> next')
  expect(budi.talk).toEqual(['<ani> next'])
  expect(ani.errors.map((line) => line.split(' ')[1])).toEqual(['BAD_COMMAND', 'BAD_COMMAND'])
})

test('C1: slash words: an unknown one is a hint, never text; two slashes say one', async () => {
  const { ani, budi } = await pair()
  ani.write('/whoo\n//path/to\n/ \n/nickk x\n')
  await caughtUp(ani, budi)
  expect(budi.talk).toEqual(['<ani> /path/to'])
  expect(ani.errors).toHaveLength(3)
})
