import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CliProcess, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { enter } from '../../harness/host-process.ts'
import { LineClient } from '../../harness/line-client.ts'

const BOM = '\ufeff'
const latin1 = (text: string) => Buffer.from(text, 'latin1')
const utf16 = (text: string) => Buffer.from(`${BOM}${text}`, 'utf16le')

/** What was said in a room, in order. */
async function talk(at: string) {
  const { said } = await CliProcess.run(['tail', at, '-n', '200', '--no-follow', '--json'])
  return said.filter(({ type }) => type === 'said').map(({ text }) => text)
}

describe('the first bytes of a connection', () => {
  it('may be a byte order mark, before a text, a word or a file', async () => {
    const { port } = await hostForVerbs()
    const budi = await enter(port, 'budi')
    const ani = await LineClient.connect(port)
    ani.write(`${BOM}/nick ani\r\nhalo\r\n`)
    await budi.until('<ani> halo')
    const cici = await LineClient.connect(port)
    cici.write(`${BOM}SEND a.txt\nisi rahasia//AGUEL//TAMTAM//`)
    await cici.until(/^\* \[.*\] a\.txt is in the room: 11 B/)
    await budi.until(/^\* file \[.*\] a\.txt from 127\.0\.0\.1: 11 B/)
    expect(budi.talk).toEqual(['<ani> halo'])
  })

  it('may be a token, with the mark of the file that it stands in', async () => {
    const { port, tamtam } = await startHost({ token: true })
    for (const shown of [`${BOM}/token ${tamtam.token}`, `/token ${BOM}${tamtam.token}`]) {
      const ani = await LineClient.connect(port)
      ani.write(`${shown}\r\n`)
      await ani.until(/^\* you are /)
    }
  })

  it.each([
    ['UTF-16 with its mark', utf16('halo\r\n')],
    ['UTF-16 without', Buffer.from('halo\r\n', 'utf16le')],
    ['UTF-16, big end first', Buffer.from('halo\r\n', 'utf16le').swap16()],
    ['UTF-16 of other letters', utf16('привет\n')],
  ])('are told of, and nothing of them is said: %s', async (_, bytes) => {
    const { port } = await hostForVerbs()
    const budi = await enter(port, 'budi')
    const ani = await LineClient.connect(port)
    ani.write(bytes)
    expect(await ani.until(/^! /)).toMatch(/^! BAD_TEXT this is UTF-16, .*UTF8Encoding.*iconv/)
    await ani.closed()
    await budi.until(/ left$/)
    expect(budi.talk).toEqual([])
  })

  it('may be what PuTTY asks for: it is refused, byte by byte too, also of somebody who has not shown the token yet', async () => {
    const { port, tamtam } = await startHost({ token: true, listen: { silentMs: 10_000 } })
    const putty = Buffer.from('fffb1ffffb20fffb18fffb27fffd01fffb03fffd03', 'hex')
    const refused = Buffer.from('fffe1ffffe20fffe18fffe27fffc01fffe03fffc03', 'hex')
    for (const way of ['whole', 'byte by byte'] as const) {
      const ani = await LineClient.connect(port)
      if (way === 'whole') ani.write(putty)
      else await ani.writeByteByByte(putty)
      await ani.until(({ bytes }) => bytes.includes(refused))
      ani.write(`/token ${tamtam.token}\r\0`)
      await ani.until(/\* you are /)
      ani.leave()
    }
  })

  it('come from a real netcat, which hears why', async (context) => {
    if (spawnSync('nc', ['-h']).status === null) return context.skip('needs netcat')
    const { port } = await hostForVerbs()
    const nc = spawn('nc', ['127.0.0.1', String(port)], { stdio: ['pipe', 'pipe', 'inherit'] })
    let heard = ''
    nc.stdout.on('data', (bytes: Buffer) => {
      heard += bytes
    })
    nc.stdin.end(utf16('halo\r\nsemua\r\n'))
    await once(nc, 'exit')
    expect(heard).toMatch(/! BAD_TEXT this is UTF-16/)
  })

  it('are no UTF-8: others see the bytes, and the sender is told once', async () => {
    const { port } = await hostForVerbs()
    const budi = await enter(port, 'budi')
    const ani = await LineClient.connect(port)
    ani.write(latin1('caf\xe9\r\nR\xe9n\xe9\r\n/nick R\xe9n\xe9\r\nlast\r\n'))
    await budi.until('<127.0.0.1> last')
    expect(budi.talk).toEqual(['<127.0.0.1> caf\\xe9', '<127.0.0.1> R\\xe9n\\xe9', '<127.0.0.1> last'])
    await ani.until(/^! BAD_TEXT this is not UTF-8/)
    expect(ani.lines.filter((line) => line.includes('send UTF-8'))).toHaveLength(1)
  })
})

describe('lines that are piped into say', () => {
  it('begin behind a byte order mark, and come out exactly', async () => {
    const { at } = await hostForVerbs()
    const lines = ['satu', '/home/u/x', '/nick x', 'a\u2028b', 'a\fb', 'a\rb', `${BOM}dua`]
    expect(await CliProcess.run(['say', at], { input: `${BOM}${lines.join('\r\n')}` })).toMatchObject({
      code: 0,
      errors: '',
    })
    expect(await talk(at)).toEqual(lines)
  })

  it('each have their own end: the good ones are said, the exit code and the count tell of the others', async () => {
    const { at } = await hostForVerbs()
    const input = latin1(`satu\ncaf\xe9\n\ndua\n${'x'.repeat(20_000)}\ntiga\n${'y'.repeat(40_000)}\nempat`)
    const { code, errors } = await CliProcess.run(['say', at], { input })
    expect(code).toBe(4)
    expect(errors.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^tamtam: line 2 is refused: this is not UTF-8.*\(BAD_TEXT\)$/),
      expect.stringMatching(/^tamtam: line 5 is refused: .*20000 bytes.*16384.*\(LINE_TOO_LONG\)$/),
      expect.stringMatching(/^tamtam: line 7 is refused: .*\(LINE_TOO_LONG\)$/),
      'tamtam: 3 of 8 lines refused',
    ])
    expect(await talk(at)).toEqual(['satu', 'dua', 'tiga', 'empat'])
  })

  it('are refused as a whole in UTF-16', async () => {
    const { at } = await hostForVerbs()
    for (const input of [utf16('satu\r\ndua\r\n'), Buffer.from('satu\r\ndua\r\n', 'utf16le')]) {
      const { code, errors } = await CliProcess.run(['say', at], { input })
      expect([code, errors]).toEqual([4, expect.stringContaining('this is UTF-16')])
    }
    expect(await talk(at)).toEqual([])
  })

  it('end the command at once where nothing more can be said, though the pipe stays open', async () => {
    const { at, tamtam } = await hostForVerbs()
    const op = await tamtam.engine.join({ room: 'lobby', name: 'op', role: 'owner' })
    await op.send({ type: 'lock' })
    const say = new CliProcess(['say', at], { open: true })
    say.child.stdin?.write('satu\n')
    expect(await say.ended()).toMatchObject({ code: 4, errors: expect.stringContaining('LOCKED') })
  })
})

it('words of say that are no UTF-8 are refused; the sign that stands for such is a sign', async () => {
  const { at } = await hostForVerbs()
  // A shell's printf, for arguments of ours go as UTF-8.
  const typed = { command: ['sh', '-c', 'exec "$@" "$(printf "caf\\\\351")"', 'sh'] }
  expect(await CliProcess.run(['say', at], typed)).toMatchObject({
    code: 4,
    errors: expect.stringMatching(/not UTF-8/),
  })
  expect(await CliProcess.run(['say', at, 'caf\ufffd'])).toMatchObject({ code: 0 })
  expect(await talk(at)).toEqual(['caf\ufffd'])
})

describe('lines that are piped into join', () => {
  it('each have their own end: the good ones are said, the exit code and the count tell of the others', async () => {
    const { at } = await hostForVerbs()
    const input = latin1(`satu\ncaf\xe9\n/nonsense\n/home/u/x\n/nick\n/topic kopi\n${'x'.repeat(20_000)}\ndua`)
    const { code, errors } = await CliProcess.run(['join', `ani@${at}`], { input })
    expect([code, errors]).toEqual([4, expect.stringMatching(/tamtam: 4 of 8 lines refused\n$/)])
    expect(errors).toMatch(/^! BAD_TEXT .*not UTF-8/m)
    expect(await talk(at)).toEqual(['satu', '/home/u/x', 'dua'])
  })

  it('end well where all are taken, with a byte order mark before them', async () => {
    const { at } = await hostForVerbs()
    const input = `${BOM}/topic kopi\r\nsatu\r\na\u2028b\r\n`
    expect(await CliProcess.run(['join', `ani@${at}`], { input })).toMatchObject({ code: 0 })
    expect(await talk(at)).toEqual(['satu', 'a\u2028b'])
  })

  it('go on in the room that one of them goes to, and nowhere else', async () => {
    const { at } = await hostForVerbs()
    const input = 'satu\n/join dapur\ndua\ntiga\n/join lobby\nempat\n/quit\nlima\n'
    expect(await CliProcess.run(['join', `ani@${at}`], { input })).toMatchObject({ code: 0 })
    expect(await talk(at)).toEqual(['satu', 'empat'])
    expect(await talk(`${at}/dapur`)).toEqual(['dua', 'tiga'])
  })

  it('are refused as a whole in UTF-16', async () => {
    const { at } = await hostForVerbs()
    const { code, errors } = await CliProcess.run(['join', `ani@${at}`], { input: utf16('satu\r\ndua\r\n') })
    expect([code, errors]).toEqual([4, expect.stringContaining('this is UTF-16')])
    expect(await talk(at)).toEqual([])
  })
})

describe('files that people write', () => {
  it('may begin with a byte order mark: settings, a token, a password', async () => {
    const cwd = await temporaryDirectory()
    const config = join(cwd, 'config.json')
    await writeFile(config, `${BOM}{"room": "dapur"}`)
    const { code, out } = await CliProcess.run(['config', '--config', config])
    expect([code, out.toString()]).toEqual([0, expect.stringMatching(/^room\s+"?dapur/m)])
    await writeFile(config, utf16('{"room": "dapur"}'))
    expect(await CliProcess.run(['config', '--config', config])).toMatchObject({
      code: 2,
      errors: expect.stringMatching(/config\.json can't be read: this is UTF-16/),
    })
  })

  it('of secrets are refused where they are not UTF-8, and read without the mark', async () => {
    const { at } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    const file = join(cwd, 'secret')
    const run = () => CliProcess.run(['ls', at], { env: { TAMTAM_TOKEN_FILE: file } })
    await writeFile(file, `${BOM}rahasia\r\n`, { mode: 0o600 })
    expect(await run()).toMatchObject({ code: 0 })
    for (const bytes of [utf16('rahasia\r\n'), latin1('caf\xe9\n')]) {
      await writeFile(file, bytes)
      expect(await run()).toMatchObject({
        code: 2,
        errors: expect.stringMatching(/TAMTAM_TOKEN_FILE names can't be read: this is (?:UTF-16|not UTF-8)/),
      })
    }
  })

  it('of secrets may have come out of a file of Windows into the environment', async () => {
    const { port, tamtam } = await hostForVerbs({ token: true })
    const env = { TAMTAM_TOKEN: `${BOM}${tamtam.token}\r` }
    expect(await CliProcess.run(['say', `127.0.0.1:${port}`, 'halo'], { env })).toMatchObject({ code: 0, errors: '' })
  })

  it('of known hosts are not taken for empty where they can not be read', async () => {
    const home = await temporaryDirectory()
    const { at } = await hostForVerbs()
    const known = join(home, 'tamtam', 'known_hosts')
    await mkdir(join(home, 'tamtam'), { recursive: true })
    await writeFile(known, `${BOM}${at} sha256:${'a'.repeat(43)}\r\n`)
    const run = () => CliProcess.run(['ls', at], { env: { XDG_CONFIG_HOME: home } })
    expect(await run()).toMatchObject({ code: 4, errors: expect.stringContaining('TLS_REQUIRED') })
    await writeFile(known, utf16(`${at} sha256:${'a'.repeat(43)}\r\n`))
    expect(await run()).toMatchObject({ code: 4, errors: expect.stringContaining('UTF-16') })
  })
})
