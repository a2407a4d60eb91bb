import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Bandwidth, createTamtam, type JoinRequest, type LocalSession, type TamtamOptions } from '#app/index.ts'
import { GREETING, openPipes, temporaryFolder } from '../../../harness/host-pipes.ts'
import { PATIENCE_MS } from '../../../harness/patience.ts'

interface FileTransfers {
  readonly type: (line: string) => void
  readonly stdin: PassThrough
  readonly stdout: PassThrough
  readonly out: () => string
  readonly err: () => string
  readonly host: LocalSession
  readonly ani: LocalSession
  readonly bandwidth: Bandwidth
  readonly directory: string
}

const text = (stream: PassThrough) => {
  let all = ''
  stream.setEncoding('utf8').on('data', (piece: string) => {
    all += piece
  })
  return () => all
}

/** A host's terminal, and ani in the same room. */
async function desk(
  style: 'text' | 'json' | 'quiet' = 'text',
  options: TamtamOptions = {},
  role: Pick<JoinRequest, 'role'> = {},
): Promise<FileTransfers> {
  const directory = temporaryFolder()
  const tamtam = createTamtam(options.data === 'here' ? { ...options, data: join(directory, 'data') } : options)
  onTestFinished(() => tamtam.stop())
  await tamtam.start()
  const host = await tamtam.engine.join({ room: 'lobby', name: 'host', ...role })
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const all = style === 'json' && role.role === undefined ? () => '' : text(stdout)
  const first = style === 'text' ? `${GREETING.join('\n')}\n` : ''
  const out = () => (all().startsWith(first) ? all().slice(first.length) : '')
  openPipes(tamtam, host, { style, save: join(directory, 'terima'), stdin, stdout, stderr })
  return {
    type: (line) => stdin.write(`${line}\n`),
    stdin,
    stdout,
    out,
    err: text(stderr),
    host,
    ani,
    directory,
    bandwidth: tamtam.bandwidth,
  }
}

const send = (from: LocalSession, name: string, ...pieces: string[]) =>
  from.upload(
    (async function* () {
      for (const piece of pieces) yield Buffer.from(piece)
    })(),
    { name },
  ).done

const saved = ({ directory }: FileTransfers, name: string) => readFileSync(join(directory, 'terima', name), 'utf8')
const until = (holds: () => void) => vi.waitFor(holds, { timeout: PATIENCE_MS, interval: 5 })

describe('what happens in a batch', () => {
  it.each([
    ['text', (line: number) => `<ani> baris ${line}`],
    [
      'json',
      (line: number) => expect.stringMatching(new RegExp(`^{"v":1,"room":"lobby","type":"said",.*"baris ${line}"}$`)),
    ],
  ] as const)('is one write (%s), a line each', async (style, line) => {
    const at = await desk(style, {}, style === 'json' ? { role: 'owner' } : {})
    at.ani.post([{ type: 'say', text: 'before' }])
    await until(() => expect(at.out()).toContain('before'))
    const pieces: string[] = []
    at.stdout.on('data', (piece: string) => pieces.push(piece))
    at.ani.post(Array.from({ length: 100 }, (_, index) => ({ type: 'say', text: `baris ${index}` })))
    await until(() => expect(pieces.join('')).toContain('baris 99'))
    expect(pieces).toHaveLength(1)
    expect(pieces[0]?.split('\n')).toEqual([...Array.from({ length: 100 }, (_, index) => line(index)), ''])
  })
})

describe("the host's own pipes", () => {
  it('says what is typed, in order, and prints what others say, not what it says itself', async () => {
    const at = await desk()
    const heard: string[] = []
    at.ani.events$.subscribe((event) => event.type === 'said' && heard.push(event.text))
    at.type('one')
    at.type('//two')
    at.type('')
    at.type('three')
    await until(() => expect(heard).toEqual(['one', '/two', 'three']))
    await at.ani.send({ type: 'say', text: 'halo \x1b[2J' })
    await until(() => expect(at.out()).toBe('<ani> halo ␛[2J\n'))
  })

  it('takes a text from elsewhere as it is: no byte order mark, paths as text, each line by itself, no other letters than were meant', async () => {
    const at = await desk()
    const heard: string[] = []
    at.ani.events$.subscribe((event) => event.type === 'said' && heard.push(event.text))
    for (const byte of Buffer.from('\ufeffone\r\na\u2028b\rc\n')) at.stdin.write(Buffer.of(byte))
    at.stdin.write(Buffer.from('/home/u/x\ncaf\xe9\nlast', 'latin1'))
    at.stdin.end()
    await until(() => expect(heard).toEqual(['one', 'a\u2028b\rc', '/home/u/x', 'last']))
    expect(at.err()).toMatch(/^! BAD_TEXT this is not UTF-8.*\n$/)
  })

  it('says nothing of UTF-16, and tells so', async () => {
    const at = await desk()
    at.stdin.end(Buffer.from('\ufeffone\r\ntwo\r\n', 'utf16le'))
    await until(() => expect(at.err()).toMatch(/^! BAD_TEXT this is UTF-16.*\n$/))
    expect(at.host.last).toBe(0)
  })

  it('never says an unknown slash word, and tells who is here', async () => {
    const at = await desk()
    at.type('/nonsense')
    at.type('/who')
    await until(() => expect(at.err()).toMatch(/^! BAD_COMMAND .*\n\* 2 are here: host, ani\n$/))
    expect(at.host.last).toBe(0)
  })

  it('keeps order in the room with the words that everybody types, as far as its member may', async () => {
    const at = await desk()
    at.type('/mute')
    await until(() => expect(at.err()).toBe('! BAD_COMMAND type /mute name [reason]\n'))
    at.type('/kick ani')
    await until(() => expect(at.err()).toMatch(/\n! NOT_ALLOWED .*\n$/))
    at.type('/away for lunch')
    await until(() => expect(at.err()).toMatch(/\n\* you are away; .*\n$/))
    at.type('/who')
    await until(() => expect(at.err()).toMatch(/\n\* 2 are here: .*host \(away: for lunch\)/))
  })

  it('C121 gives the room a password and invites, and shows the code of an invitation in its data only', async () => {
    for (const [style, shown] of [
      [
        'text',
        /^\* for one person, until .* UTC: \/join lobby (\w{26}), or in a browser http:\/\/192\.168\.1\.5:8268\/#t=\1&room=lobby\n$/,
      ],
      ['quiet', /^\* for one person, .*\/join lobby (\w{26})/],
      ['json', /^\{"v":1,"type":"invitation","room":"lobby","id":"\w{8}","code":"(\w{26})","expiresAt":\d+\}$/m],
    ] as const) {
      const at = await desk(style, {}, { role: 'owner' })
      at.type('/password')
      await until(() => expect(at.err()).toBe('! BAD_COMMAND type /password word|off\n'))
      at.type('/password buka pintu')
      at.type('/password off')
      at.type('/invite')
      await until(() => expect(at.out()).toMatch(shown))
      if (style === 'quiet') continue
      // In the order of typing, although the first takes longer.
      await until(() => expect(at.err()).toMatch(/Password set\.\n\* Password removed.\n$/))
      const [, code = ''] = shown.exec(at.out()) ?? []
      expect(at.err()).not.toMatch(new RegExp(`buka|${code}`))
    }
  })

  it('lists invitations without their codes, and takes them back', async () => {
    const at = await desk('text', {}, { role: 'owner' })
    at.type('/invite list')
    await until(() => expect(at.err()).toBe('* there are no invitations to this room\n'))
    at.type('/invite')
    await until(() => expect(at.out()).toMatch(/^\* for one person/))
    at.type('/invite list')
    await until(() => expect(at.err()).toMatch(/\n\* \[\w{8}\] not used yet, and good until [-\d]+ [:\d]+ UTC\n$/))
    const [, id = ''] = /\[(\w{8})\]/.exec(at.err()) ?? []
    at.type(`/invite off ${id}`)
    await until(() => expect(at.err()).toMatch(/\n\* Invitation cancelled\.\n$/))
    at.type(`/invite off ${id}`)
    await until(() => expect(at.err()).toMatch(/\n! NO_SUCH_INVITATION .*\n$/))
    at.type('/invite everybody')
    await until(() => expect(at.err()).toMatch(/\n! BAD_COMMAND type \/invite \[list\|off id\]\n$/))
  })

  it('leaves what opens a room to who looks after it', async () => {
    const at = await desk()
    at.type('/password buka')
    at.type('/invite')
    await until(() => expect(at.err()).toMatch(/^! NOT_ALLOWED .*\n! NOT_ALLOWED .*\n$/))
    expect(at.out()).toBe('')
  })

  it('holds transfers to a rate, and tells which', async () => {
    const at = await desk()
    const said: string[] = []
    for (const [typed, answer] of [
      ['/limit', 'without a limit together, without a limit each'],
      ['/limit 5M', 'at most 5 MB/s together, without a limit each'],
      ['/limit each 500k', 'at most 5 MB/s together, at most 500 kB/s each'],
      ['/limit off', 'without a limit together, at most 500 kB/s each'],
    ]) {
      at.type(typed ?? '')
      said.push(`* transfers: ${answer}\n`)
      await until(() => expect(at.err()).toBe(said.join('')))
    }
    for (const typed of ['/limit fast', '/limit each', '/limit 5M each', '/limit -1']) at.type(typed)
    await until(() => expect(at.err().match(/^! BAD_COMMAND type \/limit \[/gm)).toHaveLength(4))
    expect(at.bandwidth.caps).toEqual({ host: 0, transfer: 500_000 })
    at.type('/limitless')
    await until(() => expect(at.err()).toMatch(/! BAD_COMMAND there is no \/limitless/))
  })

  it.each(['SEND', '/send'])('sends a file by its path: %s', async (word) => {
    const at = await desk()
    const path = join(at.directory, 'a b.txt')
    writeFileSync(path, 'bytes')
    at.type(`${word} ${path}`)
    await until(() => expect(at.err()).toMatch(/^\* a b\.txt is in the room: 5 B, sha256 [0-9a-f]{64}\n$/))
    const [file] = at.ani.files
    const pieces: Uint8Array[] = []
    for await (const bytes of at.ani.download(file?.file.id ?? '')) pieces.push(bytes)
    expect(Buffer.concat(pieces).toString()).toBe('bytes')
  })

  it('C53 says what it can not send, and opens no pipe', async () => {
    const at = await desk()
    const fifo = join(at.directory, 'fifo')
    execFileSync('mkfifo', [fifo])
    at.type(`/send ${join(at.directory, 'missing')}`)
    at.type(`/send ${at.directory}`)
    at.type(`/send ${fifo}`)
    await until(() => expect(at.err().match(/^! /gm)).toHaveLength(3))
    expect(at.err()).toMatch(/! NO_SUCH_FILE .*missing/)
    expect(at.err().match(/! BAD_NAME/g)).toHaveLength(2)
    expect(at.host.last).toBe(0)
  })

  it('copies what arrives from a file store in memory, whole, and leaves no part', async () => {
    const at = await desk()
    await send(at.ani, 'talk.txt', 'ab', 'cd')
    await until(() => expect(saved(at, 'terima_talk.txt')).toBe('abcd'))
    await until(() => expect(readdirSync(join(at.directory, 'terima'))).toEqual(['terima_talk.txt']))
  })

  it('gives what arrives bytes of its own: an edited copy changes nothing that the room gives out', async () => {
    const at = await desk('text', { data: 'here', freeSpaceFloorBytes: 0 })
    const file = await send(at.ani, 'talk.txt', 'abcd')
    await until(() => expect(at.err()).toMatch(/saved/))
    const copy = openSync(join(at.directory, 'terima', 'terima_talk.txt'), 'r+')
    writeSync(copy, 'WXYZ')
    closeSync(copy)
    const id = 'id' in file ? file.id : ''
    let given = ''
    for await (const bytes of at.host.download(id)) given += Buffer.from(bytes).toString()
    expect(given).toBe('abcd')
  })

  it('says that it has a file once it has it whole', async () => {
    const at = await desk()
    await send(at.ani, 'talk.txt', 'abcd')
    await until(() => expect(at.ani.files).toMatchObject([{ received: new Map([['host', expect.any(Number)]]) }]))
    expect(saved(at, 'terima_talk.txt')).toBe('abcd')
  })

  it('C52 never overwrites: the second of a name gets a number', async () => {
    const at = await desk()
    await send(at.ani, 'a.txt', 'one')
    await send(at.ani, 'a.txt', 'two')
    await until(() => expect(at.err().match(/saved/g)).toHaveLength(2))
    expect([saved(at, 'terima_a.txt'), saved(at, 'terima_a (2).txt')]).toEqual(['one', 'two'])
  })

  it.each(['../../etc/passwd', '.bashrc', 'CON', 'a\x1b[2Jb', '..\\..\\win.ini'])(
    'C38 C43 C44 keeps the hostile name %j inside its folder',
    async (name) => {
      const at = await desk()
      await send(at.ani, name, 'x')
      await until(() => expect(at.err()).toMatch(/saved/))
      const [entry, ...others] = readdirSync(join(at.directory, 'terima'))
      expect(others).toEqual([])
      expect(entry).toMatch(/^terima_[^/\\\x1b]+$/)
      expect(at.err()).not.toContain('\x1b')
    },
  )

  it('goes on when its input ends', async () => {
    const at = await desk()
    at.stdin.end('last')
    await until(() => expect(at.ani.last).toBe(1))
    await at.ani.send({ type: 'say', text: 'still there?' })
    await until(() => expect(at.out()).toBe('<ani> still there?\n'))
  })

  it('prints nothing when it is quiet, but saves', async () => {
    const at = await desk('quiet')
    await send(at.ani, 'a.txt', 'one')
    await until(() => expect(saved(at, 'terima_a.txt')).toBe('one'))
    expect(at.out() + at.err()).toBe('')
  })

  it('C89 costs bounded memory while nobody reads its output, and then gives every event in order', async () => {
    const at = await desk('json')
    const lines = 20_000
    for (let line = 0; line < lines; line++) {
      const said = [{ type: 'say', text: String(line) } as const]
      while (at.ani.post(said) === 'full') await at.ani.ready()
    }
    await until(() => expect(at.ani.last).toBe(lines))
    expect(at.stdout.writableLength).toBeLessThan(2 * 1024 * 1024)
    const out = text(at.stdout)
    const texts = () =>
      out()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { type: string; text: string })
    await until(() => expect(out().match(/"said"/g)).toHaveLength(lines))
    expect(
      texts()
        .filter(({ type }) => type === 'said')
        .map((event) => Number(event.text)),
    ).toEqual(Array.from({ length: lines }, (_, line) => line))
  })
})
