import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { sha256Of } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask } from '../harness/http-client.ts'
import type { LineClient } from '../harness/line-client.ts'
import { until } from '../harness/patience.ts'
import { SessionClient } from '../harness/session-client.ts'
import { smallDisk } from '../harness/small-disk.ts'
import { canTrace, parseTrace, type TracedCall } from '../integration/storage/disk/strace.ts'

countFaults('full disks and I/O errors under a host')

const MIB = 1024 * 1024
const MARK = '//AGUEL//TAMTAM//'
const ACKING_HOST = fileURLToPath(new URL('./acking-host.ts', import.meta.url))
const SUFFICIENT_LINES = 200
const traceable = canTrace()

/** Says it again and again until somebody else is shown it. */
async function sayUntilTaken(speaker: LineClient, reader: LineClient, text: string): Promise<void> {
  const isShown = () => reader.talk.some((line) => line.includes(`> ${text} `))
  for (let times = 1; times < 10_000; times++) {
    const refused = speaker.errors.length
    speaker.write(`${text} ${times}\n`)
    await until('an answer', () => speaker.errors.length > refused || isShown())
    if (isShown()) return
  }
  throw new Error('never taken')
}

describe('C74 a disk that a file fills', () => {
  test('is told to its sender, the rest of it is gone, and chat goes on', async (context) => {
    const data = await smallDisk(context, '100m')
    const { host, port } = await HostProcess.start(['--data', data])
    const ani = await enter(port, 'ani')
    const budi = await enter(port, 'budi')
    ani.write('SEND besar.bin\n')
    ani.write(randomBytes(60_000_000))
    ani.write(`${MARK}masih di sini\n`)
    await budi.until('<ani> masih di sini')
    await ani.until(/^! DISK_FULL the host's disk is full: files leave 83\.9 MB of it free; .* --data$/)
    expect(ani.errors).toHaveLength(1)
    await budi.until(/^\* besar\.bin from ani is gone: the host's disk is full: /)
    expect(await readdir(join(data, 'files'))).toEqual([])
    await ani.ask(`/put 100000000 besar.bin\n`, /^! DISK_FULL /)
    const { port: samePort } = await host.listening()
    const citra = await enter(samePort, 'citra')
    await citra.ask('/put 3 kecil.txt\nisi', /is in the room: 3 B/)
    expect(await host.stop()).toBe(0)
  })
})

describe('C75 a disk without room for history', () => {
  test('below the floor: messages are refused, all else works, and it heals by itself', async (context) => {
    const data = await smallDisk(context, '100m')
    const { host: before, port: first } = await HostProcess.start(['--data', data])
    const early = await enter(first, 'ani')
    early.write('dulu\n')
    await before.until('the line', () => before.events.some(({ text }) => text === 'dulu'))
    await before.stop()
    await writeFile(join(data, 'ballast'), Buffer.alloc(60 * MIB))

    const { host, port } = await HostProcess.start(['--data', data])
    const ani = await enter(port, 'ani')
    const budi = await enter(port, 'budi')
    ani.write('halo\n')
    await ani.until(
      /^! READ_ONLY the host's disk is full; once there is room, messages are taken again without a restart$/,
    )
    await ani.ask('/topic kopi', /^! READ_ONLY /)
    await tellsNothingOfTheMachine(port, data)
    expect(ani.lines.join()).not.toContain(data)
    // Whoever runs the host is told where.
    expect(host.errors).toMatch(new RegExp(`"level":40[^\\n]*${data}`))
    await ani.ask('/history', '* end of history')
    expect(ani.talk).toEqual(['<ani> dulu'])
    await ani.ask('/search dulu', '<ani> dulu')
    await ani.ask('/nick anita', '* you are now anita')
    await budi.until('* ani is now anita')
    host.child.stdin?.write('dari konsol\n')
    await host.until('a refusal', () => /^! READ_ONLY /m.test(host.errors))
    await rm(join(data, 'ballast'))
    await sayUntilTaken(ani, budi, 'sehat')
    expect(budi.talk.every((line) => line.startsWith('<anita> sehat'))).toBe(true)
    expect(await host.stop()).toBe(0)
  })

  test('with nothing left: what was acknowledged is kept, and it heals by itself', async (context) => {
    const data = await smallDisk(context, '4m')
    await writeFile(join(data, 'ballast'), Buffer.alloc(1.5 * MIB))
    const host = new HostProcess([data, 'penuh'], { program: ACKING_HOST })
    const { port } = await host.listening()
    const ani = await enter(port, 'ani')
    const budi = await enter(port, 'budi')
    const isFull = () => ani.errors.some((line) => line.startsWith('! READ_ONLY '))
    while (!isFull()) await ani.ask(`isi ${'x'.repeat(500)}\n/history 1`, '* end of history')
    const acked = host.lines.filter((line) => line.startsWith('ack ')).length
    expect(acked).toBeGreaterThan(0)
    await ani.ask('/who', /^\* .*penjawab/)
    await rm(join(data, 'ballast'))
    await sayUntilTaken(ani, budi, 'sehat')
    await host.kill()
    const { host: again, port: newPort } = await HostProcess.start(['--data', data])
    const citra = await enter(newPort, 'citra')
    await citra.ask('/history 500', '* end of history')
    expect(citra.talk.some((line) => line.startsWith('<ani> sehat'))).toBe(true)
    const last = host.lines.findLast((line) => line.startsWith('ack '))?.split(' ')[1]
    await citra.ask(`/search penuh ${last}`, `<penjawab> penuh ${last}`)
    await again.stop()
  })
})

/** What anybody may ask for, while the disk is full. */
async function tellsNothingOfTheMachine(port: number, data: string): Promise<void> {
  const asked: readonly (readonly [line: string, status: number, body?: string])[] = [
    ['GET /healthz', 503],
    ['POST /rooms/lobby/messages', 503, 'halo'],
    ['PUT /lobby/a.txt', 507, 'isi'],
    ['GET /metrics', 200],
    ['GET /rooms', 200],
    ['GET /rooms/lobby/events?after=x', 400],
    ['GET /files/x', 404],
  ]
  for (const [line, status, body] of asked) {
    const answer = await ask(port, line, body === undefined ? {} : { body })
    expect([line, answer.status]).toEqual([line, status])
    const told = `${JSON.stringify(answer.headers)} ${answer.text}`
    for (const secret of [data, tmpdir(), process.cwd(), homedir(), 'node_modules', process.version])
      expect(told, line).not.toContain(secret)
  }
  for (const wire of ['frames', 'websocket'] as const) {
    const cici = await SessionClient.join(port, wire, `cici-${wire}`)
    const answer = await cici.ask({ type: 'say', text: 'halo' })
    expect(answer).toMatchObject({ type: 'rejected', code: 'READ_ONLY' })
    expect(JSON.stringify(cici.messages)).not.toContain(data)
    cici.end()
  }
}

describe.skipIf(!traceable)('C76 an I/O error', () => {
  const injecting = (injection: string, ...more: string[]) => ({
    command: ['strace', '-f', '-o', '/dev/null', '-e', 'signal=none', ...more, '-e', `inject=${injection}`],
    env: { UV_THREADPOOL_SIZE: '1' },
  })

  test.each([25, 26, 60])(
    'at the %i. fsync of the journal: exit 74, and nothing is shown that is not kept',
    async (nth) => {
      const data = await temporaryDirectory()
      const { host, port } = await HostProcess.start(
        ['--data', data],
        injecting(`fsync,fdatasync:error=EIO:when=${nth}`, '-e', 'trace=fsync,fdatasync'),
      )
      const ani = await enter(port, 'ani')
      const budi = await enter(port, 'budi')
      for (let number = 1; number <= SUFFICIENT_LINES && budi.over === 'open'; number++) {
        ani.write(`line ${number}\n`)
        await budi.until(`<ani> line ${number}`).catch(() => {})
      }
      expect(await host.ended()).toBe(74)
      expect(host.errors.trimEnd().split('\n').at(-1)).toMatch(
        /^tamtam: the data in .* can't be kept any more: the journal in .* failed \(.*\); nothing is kept from here on; look at the disk, then start again: the journal is verified first$/,
      )
      await budi.closed()
      expect(budi.talk.length).toBeGreaterThan(0)
      expect(budi.talk.length).toBeLessThan(nth)
      const { host: again, port: newPort } = await HostProcess.start(['--data', data])
      const citra = await enter(newPort, 'citra')
      await citra.ask('/history 500', '* end of history')
      // One more may have been kept without anybody having heard of it.
      expect(citra.talk.slice(0, budi.talk.length)).toEqual(budi.talk)
      expect(citra.talk.length - budi.talk.length).toBeLessThanOrEqual(1)
      citra.write('masih hidup\n')
      await again.until('the line', () => again.events.some(({ text }) => text === 'masih hidup'))
      expect(await again.stop()).toBe(0)
    },
  )

  test('at the naming of a file: exit 74, the sender hears of no file, and the next start finishes it: all its bytes are there', async () => {
    const data = await temporaryDirectory()
    const files = join(data, 'files')
    const { host, port } = await HostProcess.start(['--data', data], injecting('fsync:error=EIO', '-P', files))
    const ani = await enter(port, 'ani')
    ani.write('/put 3 a.txt\nisi')
    expect(await host.ended()).toBe(74)
    expect(host.errors).toMatch(
      /tamtam: the data in .* can't be kept any more: naming an upload failed \(EIO\); check the disk that holds the data directory, then start again\n$/,
    )
    await ani.closed()
    expect(ani.lines.filter((line) => line.includes('is in the room'))).toEqual([])
    expect(await readdir(files)).toHaveLength(1)
    const { host: again, port: newPort } = await HostProcess.start(['--data', data])
    const budi = await enter(newPort, 'budi')
    await expect
      .poll(() => budi.ask('/files', /a\.txt from ani/))
      .toContain(`a.txt from ani: 3 B, sha256 ${sha256Of('isi')}`)
    expect(await again.stop()).toBe(0)
  })

  test('at the start: exit 74 in one sentence', async () => {
    const data = await temporaryDirectory()
    const options = injecting('fsync,fdatasync:error=EIO:when=1', '-e', 'trace=fsync,fdatasync')
    const host = new HostProcess(['host', '--json', '--port', '0', '--data', data], options)
    expect(await host.ended()).toBe(74)
    expect(host.lines).toEqual([])
    expect(host.errors.trimEnd().split('\n').at(-1)).toMatch(/^tamtam: the data can't be opened: .*$/)
    const { host: again } = await HostProcess.start(['--data', data])
    expect(await again.stop()).toBe(0)
  })
})

describe('C83 a secret that is damaged', () => {
  test.each([
    ['rooms', '{"passwords":'],
    ['rooms', '[]'],
    ['links', ''],
    ['owner', 'short'],
  ])('%s: exit 74, its path and the way out are told, and it is left as it is', async (name, damage) => {
    const data = await temporaryDirectory()
    await mkdir(join(data, 'keys'), { mode: 0o700 })
    await writeFile(join(data, 'keys', name), damage, { mode: 0o600 })
    const host = new HostProcess(['host', '--json', '--port', '0', '--data', data])
    expect(await host.ended()).toBe(74)
    expect(host.errors).toContain(`${join(data, 'keys', name)} can't be used`)
    expect(host.errors).toMatch(/put a copy of it back, or remove it/)
    expect(await readFile(join(data, 'keys', name), 'utf8')).toBe(damage)
  })
})

describe('C85 the note of who has the data directory', () => {
  test('stays as it is when a second host is refused by the journal alone', async () => {
    const data = await temporaryDirectory()
    const { host } = await HostProcess.start(['--data', data])
    const note = await readFile(join(data, 'owner.json'), 'utf8')
    await rm(join(data, 'lock.db'))
    const second = new HostProcess(['host', '--json', '--port', '0', '--data', data])
    expect(await second.ended()).toBe(75)
    expect(second.errors).toContain(`pid ${JSON.parse(note).pid}`)
    expect(await readFile(join(data, 'owner.json'), 'utf8')).toBe(note)
    expect(await host.stop()).toBe(0)
  })
})

describe.skipIf(!traceable)('C80 what the system is asked for', () => {
  test('bytes, name, name of the name, journal, and only then the answer to the sender', async () => {
    const base = await temporaryDirectory()
    const [data, trace] = [join(base, 'data'), join(base, 'trace')]
    const calls = 'trace=write,writev,sendto,sendmsg,pwrite64,pwritev,fdatasync,fsync,link,linkat,unlink,unlinkat'
    const { host, port } = await HostProcess.start(['--data', data], {
      command: ['strace', '-f', '-y', '-s', '200', '-e', 'signal=none', '-e', calls, '-o', trace],
      env: { UV_THREADPOOL_SIZE: '1' },
    })
    const ani = await enter(port, 'ani')
    const bytes = randomBytes(300_000)
    ani.write(`/put ${bytes.length} lagu.mp3\n`)
    ani.write(bytes)
    expect(await ani.until(/is in the room/)).toContain(sha256Of(bytes))
    process.kill((await host.listening()).pid, 'SIGTERM')
    expect(await host.ended()).toBe(0)

    const all = parseTrace(await readFile(trace, 'utf8'))
    const about = (names: readonly string[], text: string) =>
      all.filter((call) => names.includes(call.name) && call.text.includes(text))
    const after = (found: readonly TracedCall[], place: number) => found.find(({ from }) => from > place)
    const syncs = ['fsync', 'fdatasync']
    // Only the store's own: the console saves a copy in `terima/`, at its own time.
    const stored = (names: readonly string[]) =>
      about(names, '/data/files/').filter(({ text }) => text.includes('.part'))
    const lastWrite = stored(['write', 'pwrite64', 'pwritev']).at(-1)
    const synced = after(stored(syncs), lastWrite?.to ?? Number.NaN)
    const named = after(stored(['link', 'linkat']), synced?.to ?? Number.NaN)
    const nameSynced = after(about(syncs, '/data/files>'), named?.to ?? Number.NaN)
    const told = about(['write', 'writev', 'sendto', 'sendmsg'], 'is in the room')[0]
    const journaled = about(syncs, 'journal.db-wal>').filter(
      ({ from, to }) => from > (nameSynced?.to ?? 0) && to < (told?.from ?? 0),
    )
    for (const call of [lastWrite, synced, named, nameSynced, told]) expect(call).toBeDefined()
    for (const call of [synced, named, nameSynced, ...journaled]) expect(call?.text).toMatch(/= 0$/)
    expect(told?.from).toBeGreaterThan(nameSynced?.to ?? Number.POSITIVE_INFINITY)
    expect(journaled).toHaveLength(1)
  })
})
