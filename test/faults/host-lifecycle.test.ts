import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { caughtUp } from '../harness/line-client.ts'
import { until } from '../harness/patience.ts'

countFaults('one directory, one port, signals and bugs')

/** More than what the systems on both sides hold. */
const STALLING_LINES = 25_000

const said = (host: HostProcess) => host.events.filter(({ type }) => type === 'said').map(({ text }) => text)
const files = async (directory: string) => (await readdir(directory, { recursive: true })).sort()

describe('C85 a data directory', () => {
  test('that a host has is refused with its pid, left as it is, and free once that one is killed', async () => {
    const data = await temporaryDirectory()
    const { host: first, port } = await HostProcess.start(['--data', data])
    const ani = await enter(port, 'ani')
    ani.write('before\n')
    await first.until('the line', () => said(first).includes('before'))
    const before = await files(data)

    const second = new HostProcess(['host', '--port', '0', '--data', data])
    expect(await second.ended()).toBe(75)
    expect(second.errors).toBe(
      `tamtam: ${data} is in use by tamtam pid ${first.pid}; stop that one or choose another with --data\n`,
    )
    expect(await files(data)).toEqual(before)
    ani.write('after\n')
    await first.until('the line', () => said(first).includes('after'))

    await first.kill()
    const { host: third, port: again } = await HostProcess.start(['--data', data])
    const budi = await enter(again, 'budi')
    await budi.ask('/history', '* end of history')
    expect(budi.talk).toEqual(['<ani> before', '<ani> after'])
    expect(await third.stop()).toBe(0)
  })
})

describe('C87 a port', () => {
  test('that is in use is refused in one sentence, and the data are as they were', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const data = await temporaryDirectory()
    const { host } = await HostProcess.start(['--data', data])
    await host.stop()
    const journal = await readFile(join(data, 'journal.db'))
    await writeFile(join(data, 'files', `${'a'.repeat(32)}`), 'kept')

    const refused = new HostProcess(['host', '--port', String(port), '--data', data])
    expect(await refused.ended()).toBe(69)
    expect(refused.errors).toBe(
      `tamtam: port ${port} is in use by node (pid ${process.pid}); stop the other program, or choose another with --port\n`,
    )
    expect(refused.lines).toEqual([])
    expect((await readFile(join(data, 'journal.db'))).equals(journal)).toBe(true)
    expect(await files(data)).toEqual([
      'files',
      `files/${'a'.repeat(32)}`,
      'journal.db',
      'keys',
      'keys/links',
      'keys/owner',
      'keys/people',
      'keys/ssh',
      'lock.db',
    ])
    other.close()
  })

  test('is free at once when a host with people on it was killed', async () => {
    const { host, port } = await HostProcess.start(['--ephemeral'])
    const ani = await enter(port, 'ani')
    await host.kill()
    await ani.closed()
    const again = new HostProcess(['host', '--json', '--port', String(port), '--ephemeral'])
    expect((await again.listening()).port).toBe(port)
    await enter(port, 'ani')
  })
})

describe('C88 a signal', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s: people are told, what they said is kept, exit 0',
    async (signal) => {
      const data = await temporaryDirectory()
      const { host, port } = await HostProcess.start(['--data', data])
      const ani = await enter(port, 'ani')
      const budi = await enter(port, 'budi')
      const lines = Array.from({ length: 500 }, (_, index) => `line ${index}\n`)
      ani.write(lines.join(''))
      await budi.until('<ani> line 499')
      host.child.kill(signal)
      expect(await host.ended()).toBe(0)
      for (const client of [ani, budi]) {
        await client.closed()
        expect(client.lines.at(-1)).toBe('* the host stops; come back in a moment')
      }
      expect(said(host)).toHaveLength(500)
      expect(await files(data)).toEqual([
        'files',
        'journal.db',
        'keys',
        'keys/links',
        'keys/owner',
        'keys/people',
        'keys/ssh',
        'lock.db',
      ])
      const { host: again, port: newPort } = await HostProcess.start(['--data', data])
      const citra = await enter(newPort, 'citra')
      await citra.ask('/history 500', '* end of history')
      expect(citra.talk.map((line) => `${line.slice('<ani> '.length)}\n`)).toEqual(lines)
      await again.stop()
    },
  )

  test('SIGTERM ends it, though one client reads nothing and another is in the middle of a file', async () => {
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data])
    const stalled = await enter(port, 'macet')
    stalled.pause()
    const sender = await enter(port, 'pengirim')
    sender.write(`/put ${50_000_000} besar.bin\n`)
    sender.write(randomBytes(2_000_000))
    await host.until('the offer', () => host.events.some(({ type }) => type === 'fileOffered'))
    const ani = await enter(port, 'ani')
    const reader = await enter(port, 'pembaca')
    const padding = 'x'.repeat(1000)
    ani.write(Array.from({ length: STALLING_LINES }, (_, index) => `${index} ${padding}\n`).join(''))
    await reader.until((client) => client.talk.length >= STALLING_LINES)
    expect(await host.stop()).toBe(0)
    expect(await files(data)).toEqual([
      'files',
      'journal.db',
      'keys',
      'keys/links',
      'keys/owner',
      'keys/people',
      'keys/ssh',
      'lock.db',
    ])
  })

  test('twice ends it at once with 130', async () => {
    const { host, port } = await HostProcess.start(['--ephemeral'])
    const stalled = await enter(port, 'macet')
    stalled.pause()
    const ani = await enter(port, 'ani')
    const reader = await enter(port, 'pembaca')
    const padding = 'x'.repeat(1000)
    ani.write(Array.from({ length: STALLING_LINES }, (_, index) => `${index} ${padding}\n`).join(''))
    await reader.until((client) => client.talk.length >= STALLING_LINES)
    host.child.kill('SIGINT')
    await reader.until('* the host stops; come back in a moment')
    host.child.kill('SIGINT')
    expect(await host.ended()).toBe(130)
  })

  test('SIGPIPE and SIGUSR1 end nothing, and no inspector opens', async () => {
    const { host, port } = await HostProcess.start(['--ephemeral'])
    host.child.kill('SIGPIPE')
    host.child.kill('SIGUSR1')
    const ani = await enter(port, 'ani')
    await caughtUp(ani, await enter(port, 'budi'))
    expect(await host.stop()).toBe(0)
    expect(host.errors).not.toContain('Debugger')
  })

  test('SIGTERM while it starts is heard', async () => {
    const data = await temporaryDirectory()
    const host = new HostProcess(['host', '--json', '--port', '0', '--data', data])
    await until('the lock', async () => (await readdir(data)).includes('lock.db') || !host.running)
    host.child.kill('SIGTERM')
    expect(await host.ended()).toBe(0)
  })
})

describe('C90 an error that belongs to no connection', () => {
  const throwing = (how: string) => [
    `--import=data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => { ${how} })`)}`,
  ]
  test.each([
    ['thrown', "throw new Error('kejutan')"],
    ['rejected', "Promise.reject(new Error('kejutan'))"],
  ])('%s is logged, and ends the process with 70', async (_, how) => {
    const data = await temporaryDirectory()
    const { host, port } = await HostProcess.start(['--data', data], { nodeFlags: throwing(how) })
    const ani = await enter(port, 'ani')
    ani.write('kept\n')
    await host.until('the line', () => said(host).includes('kept'))
    host.child.kill('SIGUSR2')
    expect(await host.ended()).toBe(70)
    const [logged = '', last] = host.errors.trimEnd().split('\n')
    expect(JSON.parse(logged)).toMatchObject({
      msg: 'a bug; please report it',
      error: expect.stringContaining('kejutan'),
    })
    expect(last).toBe('tamtam: a bug of ours: kejutan')
    const { host: again } = await HostProcess.start(['--data', data])
    expect(await again.stop()).toBe(0)
  })
})
