import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { sha256Of } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { caughtUp, type LineClient } from '../harness/line-client.ts'
import { until } from '../harness/patience.ts'
import { MAIN, NODE } from '../harness/program.ts'
import { needs } from '../harness/tools.ts'

const FLOOD_LINES = 60_000

const said = (host: HostProcess) => host.events.filter(({ type }) => type === 'said').map(({ text }) => text)

async function sendFile(client: LineClient, name: string, bytes: string): Promise<void> {
  await client.ask(`/put ${bytes.length} ${name}\n${bytes}`, /is in the room/)
}

/** Says numbered lines, and waits until somebody was shown all of them. */
async function flood(port: number, label: string): Promise<string[]> {
  const speaker = await enter(port, `penutur-${label}`)
  const reader = await enter(port, `pembaca-${label}`)
  const lines = Array.from({ length: FLOOD_LINES }, (_, index) => `${label} ${index} ${'x'.repeat(100)}`)
  speaker.write(`${lines.join('\n')}\n`)
  await reader.until(({ talk }) => talk.length >= FLOOD_LINES)
  return lines
}

describe('standard output', () => {
  test('has with --json where it listens, then everything that happens, one object a line', async () => {
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data, '--room', 'warung'])
    expect(await host.listening()).toEqual({
      v: 1,
      type: 'listening',
      host: '127.0.0.1',
      port,
      url: `tcp://127.0.0.1:${port}`,
      sshFingerprint: expect.stringMatching(/^SHA256:[\w+/]{43}$/),
      pid: host.pid,
    })
    const ani = await enter(port, 'ani')
    ani.write('halo\u0007\n/me menari\n/topic kopi\n')
    await sendFile(ani, 'a.txt', 'isi')
    await host.until('its receipt', () => host.events.at(-1)?.['type'] === 'fileReceived')
    ani.write('/quit\n')
    await host.until('the end', () => host.events.at(-1)?.['type'] === 'left')
    const by = { id: expect.any(String), name: 'ani' }
    const entry = (seq: number) => ({ v: 1, room: 'warung', seq, at: expect.any(Number), by })
    const file = { id: expect.stringMatching(/^[0-9a-f]{32}$/), name: 'a.txt', size: 3 }
    expect(host.events).toEqual([
      { v: 1, room: 'warung', type: 'joined', by: { id: by.id, name: '127.0.0.1' } },
      { v: 1, room: 'warung', type: 'renamed', by, from: '127.0.0.1' },
      { ...entry(1), type: 'said', text: 'halo\u0007' },
      { ...entry(2), type: 'acted', text: 'menari' },
      { ...entry(3), type: 'topicSet', topic: 'kopi' },
      { ...entry(4), type: 'fileOffered', file },
      { ...entry(5), type: 'fileCompleted', file: { ...file, sha256: sha256Of('isi') } },
      { ...entry(6), type: 'fileReceived', by: { ...by, name: 'host' }, file },
      { v: 1, room: 'warung', type: 'left', by, reason: expect.any(String), quit: true },
    ])
    expect(await host.stop()).toBe(0)
    expect(host.errors).toBe(`* saved ${join(data, 'terima', 'terima_a.txt')}\n`)
  })

  test('is data, and standard error is talk', async () => {
    const data = await temporaryDirectory()
    const host = new HostProcess(['--port', '0', '--data', data])
    await host.until('where it listens', () => host.lines.length >= 5)
    const port = Number(/tcp:\/\/127\.0\.0\.1:(\d+)$/.exec(host.lines[0] ?? '')?.[1])
    expect(host.lines).toEqual([
      `tamtam hosts the room lobby on tcp://127.0.0.1:${port}`,
      `open in a browser:            http://127.0.0.1:${port}/`,
      `join from this machine with:  nc 127.0.0.1 ${port}`,
      `drop a file in with:          curl -T FILE http://127.0.0.1:${port}/lobby/`,
      'type to chat; /send PATH sends a file; /help tells more; Ctrl-C stops the host',
    ])
    const ani = await enter(port, 'ani')
    ani.write('halo \u001b[2J\n')
    await host.until('the line', () => host.lines.length >= 8)
    expect(host.lines.slice(5)).toEqual(['* 127.0.0.1 joined', '* 127.0.0.1 is now ani', '<ani> halo ␛[2J'])
    host.child.stdin?.write('/who\n/nothing\nselamat pagi\n')
    await ani.until('<host> selamat pagi')
    await host.until('answers', () => host.errors.split('\n').length > 2)
    expect(host.errors).toMatch(/^\* 2 are here: host \(owner\), ani\n! BAD_COMMAND .*\n$/)
    expect(host.lines).toHaveLength(8)
  })

  test('and standard error have nothing with --quiet', async () => {
    const data = await temporaryDirectory()
    const loud = new HostProcess(['--port', '0', '--quiet', '--data', data, '--room', 'x'])
    await until('the lock', async () => (await readdir(data)).includes('owner.json'))
    loud.child.stdin?.write(`/send ${MAIN}\nhalo\n/who\n`)
    const names = () => readdir(join(data, 'files')).catch(() => [])
    await until('the file', async () => (await names()).some((name) => /^[0-9a-f]{32}$/.test(name)))
    expect(await loud.stop()).toBe(0)
    // The file is in the file store before the room has it: stopped in between, the sender is told that it was not sent.
    expect([loud.lines, loud.errors.replace(/^! (?:CLOSED|TRANSFER_CUT) .*\n$/, '')]).toEqual([[], ''])
  })
})

describe('C89 a reader of the output', () => {
  test('that goes away ends nothing: people chat on and files are saved', async () => {
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data])
    host.child.stdout?.destroy()
    host.child.stderr?.destroy()
    const ani = await enter(port, 'ani')
    const lines = await flood(port, 'a')
    expect(lines).toHaveLength(FLOOD_LINES)
    await sendFile(ani, 'a.txt', 'isi')
    await until('the saved file', async () => (await readdir(join(data, 'terima')).catch(() => [])).length > 0)
    await caughtUp(ani, await enter(port, 'budi'))
    expect(await host.stop()).toBe(0)
  })

  test('of a service leaves no more on the disk than its room may keep', async () => {
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data, '--room-quota', '10000'])
    const ani = await enter(port, 'ani')
    for (let number = 1; number <= 8; number++) await sendFile(ani, `${number}.txt`, String(number).repeat(3000))
    const settled = () => host.events.filter(({ type }) => type === 'fileWithdrawn').length === 5
    await until('the older files are gone', settled)
    const sizeIn = async (folder: string) => {
      const names = await readdir(join(data, folder)).catch(() => [])
      return (await Promise.all(names.map((name) => stat(join(data, folder, name))))).reduce(
        (sum, { size }) => sum + size,
        0,
      )
    }
    await until('their copies are gone, too', async () => (await sizeIn('terima')) === 0)
    expect(await sizeIn('files')).toBe(9000)
    expect(host.errors).toMatch(/! NOT_SAVED .*--save/)
    expect(await host.stop()).toBe(0)
  })

  test('that stops reading stops nobody, and gets every event when it reads again', async () => {
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data])
    host.child.stdout?.pause()
    host.child.stderr?.pause()
    const lines = [...(await flood(port, 'a')), ...(await flood(port, 'b'))]
    host.child.stdout?.resume()
    await host.until('all events', () => host.lines.length > lines.length && said(host).length >= lines.length)
    expect(said(host)).toEqual(lines)
    await enter(port, 'ani')
    await host.until('what happens now', () => host.events.at(-1)?.['type'] === 'renamed')
    expect(await host.stop()).toBe(0)
  })

  test('that is behind when the host is stopped gets whole lines to the end', async () => {
    const { host, port } = await HostProcess.start(['--ephemeral'])
    host.child.stdout?.pause()
    await flood(port, 'a')
    host.child.kill('SIGTERM')
    host.child.stdout?.resume()
    expect(await host.ended()).toBe(0)
    expect(host.unfinished).toBe('')
  })

  test('C89 a terminal that takes nothing stops nobody', async () => {
    needs('script')
    const command = `stty cols 200 rows 24; exec ${NODE.join(' ')} ${MAIN} host --port 0 --ephemeral`
    const terminal = spawn('script', ['-qfc', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, TERM: 'xterm' },
    })
    onTestFinished(async () => {
      // The host is told by the terminal that it hangs up.
      terminal.kill('SIGKILL')
      await once(terminal, 'exit')
    })
    let shown = ''
    terminal.stdout.on('data', (bytes) => {
      shown += bytes
    })
    await until('the prompt', () => shown.includes('<You>'))
    terminal.stdout.pause()
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(shown)?.[1])
    await flood(port, 'a')
    terminal.stdout.resume()
    await until('the rest', () => shown.includes(`a ${FLOOD_LINES - 1} `))
    const ani = await enter(port, 'ani')
    terminal.stdin.write('halo\r')
    await ani.until('<host> halo')
  })
})

describe('standard input', () => {
  test('is said, line for line and in order, however much comes at once', async () => {
    // On a disk, so that much arrives while a commit is under way.
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data])
    const ani = await enter(port, 'ani')
    const lines = Array.from({ length: 150_000 }, (_, index) => `line ${index}`)
    host.child.stdin?.end(`${lines.join('\n')}\n//who\n/unknown\nno newline`)
    await ani.until('<host> no newline')
    expect(ani.talk).toEqual([...lines, '/who', 'no newline'].map((line) => `<host> ${line}`))
    await caughtUp(ani, await enter(port, 'budi'))
    expect(await host.stop()).toBe(0)
    expect(host.errors).toMatch(/^! BAD_COMMAND .*\n$/)
  })

  test.each([
    ['closed', () => 'ignore' as const],
    ['/dev/null', () => openSync('/dev/null', 'r')],
    ['a directory', () => openSync('/', 'r')],
  ])('that is %s ends the typing and not the host', async (_, stdin) => {
    const { host, port } = await HostProcess.start(['--ephemeral'], { stdio: [stdin(), 'pipe', 'pipe'] })
    await caughtUp(await enter(port, 'ani'), await enter(port, 'budi'))
    expect(await host.stop()).toBe(0)
  })

  test('sends files by path, and says why when it can not', async () => {
    const here = await temporaryDirectory()
    await writeFile(join(here, 'lagu merdu.mp3'), 'isi')
    await mkdir(join(here, 'folder'))
    spawnSync('mkfifo', [join(here, 'pipe')])
    const { host, port } = await HostProcess.start(['--ephemeral'], { cwd: here })
    const ani = await enter(port, 'ani')
    const orders = ['SEND nothing', '/send folder', '/send pipe', '/send /dev/zero', '/send /proc/self/mem']
    for (const [index, order] of orders.entries()) {
      host.child.stdin?.write(`${order}\n`)
      await host.until(order, () => host.errors.split('\n').length > index + 1)
    }
    expect(host.errors.trimEnd().split('\n')).toEqual([
      "! NO_SUCH_FILE nothing is not sent: the file can't be read (ENOENT)",
      '! BAD_NAME folder is not sent: there is nothing in it to send',
      '! BAD_NAME pipe is not sent: it is a pipe, and nobody writes into it; start its writer first',
      '! BAD_NAME /dev/zero is not sent: it is a device; tamtam send … - sends what is piped into it',
      "! NO_SUCH_FILE /proc/self/mem is not sent: the file can't be read (EIO)",
    ])
    host.child.stdin?.write('SEND lagu merdu.mp3\n')
    await ani.until(/^\* file \[\w+\] lagu merdu\.mp3 from host: 3 B, /)
    await host.until('a word about it', () => host.errors.includes('lagu merdu.mp3 is in the room: 3 B'))
    expect(ani.lines.filter((line) => line.includes('/proc'))).toEqual([])
  })
})

describe('files that arrive', () => {
  test('lie in --save as terima_<name>, as files of their own, never in place of another', async () => {
    const base = await temporaryDirectory()
    const [data, save] = [join(base, 'data'), join(base, 'simpan')]
    await mkdir(save)
    await writeFile(join(save, 'terima_a.txt'), 'mine')
    const { host, port } = await HostProcess.start(['--data', data, '--save', save])
    const ani = await enter(port, 'ani')
    for (const content of ['one', 'two']) await sendFile(ani, 'a.txt', content)
    await sendFile(ani, '..\\.bashrc', 'three')
    await host.until('three files', () => host.errors.split('\n').length > 3)
    expect((await readdir(save)).sort()).toEqual([
      'terima__bashrc',
      'terima_a (2).txt',
      'terima_a (3).txt',
      'terima_a.txt',
    ])
    expect(await readFile(join(save, 'terima_a.txt'), 'utf8')).toBe('mine')
    expect(await readFile(join(save, 'terima_a (2).txt'), 'utf8')).toBe('one')
    const inodes = await Promise.all((await readdir(join(data, 'files'))).map((id) => stat(join(data, 'files', id))))
    expect(inodes.map(({ ino }) => ino)).not.toContain((await stat(join(save, 'terima_a (2).txt'))).ino)
    expect(host.errors).toBe(
      ['terima_a (2).txt', 'terima_a (3).txt', 'terima__bashrc']
        .map((name) => `* saved ${join(save, name)}\n`)
        .join(''),
    )
  })
})

describe('a terminal', () => {
  test('keeps what is being typed when somebody else speaks', async () => {
    needs('tmux')
    const server = `tamtam-${process.pid}`
    const tmux = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync('tmux', ['-L', server, '-f', '/dev/null', ...args], {
        encoding: 'utf8',
      })
      if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`)
      return stdout
    }
    const command = `stty cols 200 rows 24; exec ${NODE.join(' ')} ${MAIN} host --port 0 --ephemeral`
    tmux('new-session', '-d', '-x', '200', '-y', '30', command)
    onTestFinished(() => void spawnSync('tmux', ['-L', server, 'kill-server']))
    const screen = () => tmux('capture-pane', '-p').trimEnd().split('\n')
    const isIdle = () => /^<You>(?: {2,}\S.*)?$/.test(screen().at(-1) ?? '')
    await until('the prompt', isIdle)
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(screen().join('\n'))?.[1])
    tmux('send-keys', '-l', 'halo dun')
    await until('what is typed', () => screen().at(-1) === '<You> halo dun')
    const ani = await enter(port, 'ani')
    ani.write('pagi semua\n')
    await until('the line', () => screen().at(-2)?.endsWith('<ani> pagi semua') === true)
    expect(screen().at(-1)).toBe('<You> halo dun')
    tmux('send-keys', '-l', 'ia')
    tmux('send-keys', 'Enter')
    await ani.until('<host> halo dunia')
    await until('a new prompt', isIdle)
    tmux('send-keys', 'C-c')
    // Somebody is in: a slip does not end their room.
    await until('the question', () => screen().some((line) => line.includes('1 person is here: once more')))
    tmux('send-keys', 'C-c')
    await ani.until('* the host stops; come back in a moment')
  })
})
