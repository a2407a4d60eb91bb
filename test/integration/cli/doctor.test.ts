import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { createTamtam } from '#app/index.ts'
import { Batch } from '#domain/room/batch.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { SilentLog } from '#system/log.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { bareEnv, enter, HostProcess } from '../../harness/host-process.ts'
import { MAIN, NODE } from '../../harness/program.ts'
import { needs } from '../../harness/tools.ts'

async function lived(): Promise<string> {
  const data = join(await temporaryDirectory(), 'data')
  const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0 })
  await tamtam.start()
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  await ani.send({ type: 'say', text: 'halo' })
  await ani.upload(
    (async function* () {
      yield Buffer.from('bytes')
    })(),
    { name: 'a.txt', size: 5 },
  ).done
  await tamtam.stop()
  return data
}

/** What it finds, by the check's name: the worst of each. */
async function examined(...args: string[]) {
  const { code, said, errors } = await CliProcess.run(['doctor', '--json', ...args])
  const order = ['ok', 'warning', 'bad']
  const found = new Map<string, Record<string, unknown>>()
  for (const each of said) {
    const before = found.get(String(each['check']))
    if (before === undefined || order.indexOf(String(each['status'])) > order.indexOf(String(before['status'])))
      found.set(String(each['check']), each)
  }
  return { code, errors, of: (check: string) => found.get(check) }
}

test('where all is well, each check says so in one line and the command ends with 0', async () => {
  const data = await lived()
  const { code, out } = await CliProcess.run(['doctor', '--port', '0', '--deep', '--data', data])
  const lines = out.toString().trim().split('\n')
  expect(lines.map((line) => line.split(/\s+/)[1])).toEqual(
    expect.arrayContaining(['node', 'port', 'directory', 'disk', 'space', 'store', 'files', 'quota', 'clock']),
  )
  expect(lines.filter((line) => line.startsWith('bad'))).toEqual([])
  expect(code).toBe(0)
})

test('looking changes nothing in the directory', async () => {
  const data = await lived()
  const look = async () => [await readdir(data), sha256Of(await readFile(join(data, 'journal.db')))]
  const before = await look()
  await examined('--data', data, '--deep', '--port', '0')
  expect(await look()).toEqual(before)
})

test('a host that runs here already is no fault: doctor and a second host say where it is', async () => {
  const { port } = await startHost()
  const at = `http://127.0.0.1:${port}/`
  const data = await lived()
  const { code, of } = await examined('--port', String(port), '--data', data)
  expect([code, of('port')]).toEqual([
    0,
    expect.objectContaining({ status: 'ok', what: `${port} on 127.0.0.1: a host runs here already, at ${at}` }),
  ])
  const second = new HostProcess(['host', '--port', String(port), '--data', data])
  expect([await second.ended(), second.errors]).toEqual([
    69,
    expect.stringMatching(`a host runs here already: open ${at}, or tamtam join; another one needs another --port\n$`),
  ])
})

test('a port in use is bad, and it says by whom', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { code, of } = await examined('--port', String(port), '--data', await temporaryDirectory())
  expect(code).toBe(1)
  expect(of('port')).toMatchObject({ status: 'bad', what: expect.stringContaining(`(pid ${process.pid})`) })
})

test('rotten bytes are found: a flipped bit in a file with --deep, in the journal always', async () => {
  const data = await lived()
  const [name] = await readdir(join(data, 'files'))
  await writeFile(join(data, 'files', name!), 'bytez')
  expect((await examined('--data', data, '--port', '0')).of('files')).toMatchObject({ status: 'ok' })
  const deep = await examined('--data', data, '--port', '0', '--deep')
  expect(deep).toMatchObject({ code: 1 })
  expect(deep.of('files')).toMatchObject({ status: 'bad', what: expect.stringContaining('a.txt') })

  const journal = join(data, 'journal.db')
  const bytes = await readFile(journal)
  bytes[bytes.indexOf('halo')]! ^= 1
  await writeFile(journal, bytes)
  const rotten = await examined('--data', data, '--port', '0')
  expect(rotten).toMatchObject({ code: 1 })
  expect(rotten.of('store')).toMatchObject({ status: 'bad', what: expect.stringMatching(/checksum/) })
})

test('a file that no room knows, as an interrupted import leaves, is named', async () => {
  const data = await lived()
  await writeFile(join(data, 'files', 'f'.repeat(32)), 'stray')
  expect((await examined('--data', data, '--port', '0')).of('files')).toMatchObject({ status: 'warning' })
})

test('a directory that others may look into, or that is none, is told', async () => {
  const data = await lived()
  await chmod(data, 0o755)
  expect((await examined('--data', data, '--port', '0')).of('directory')).toMatchObject({ status: 'warning' })
  const file = join(data, 'file')
  await writeFile(file, '')
  expect((await examined('--data', file, '--port', '0')).of('directory')).toMatchObject({ status: 'bad' })
})

test('the store of a host that runs is left alone, and a limit of open files is told', async () => {
  const data = await lived()
  const { host } = await HostProcess.start(['--data', data])
  expect((await examined('--data', data, '--port', '0')).of('store')).toMatchObject({
    status: 'warning',
    what: expect.stringMatching(/pid \d+/),
  })
  await host.stop()
  const node = [...NODE, MAIN, 'doctor', '--port', '0', '--data', data]
  needs('prlimit')
  const { stdout } = spawnSync('prlimit', ['--nofile=1024:1024', ...node], { env: bareEnv(), encoding: 'utf8' })
  expect(stdout).toMatch(/^warning +open files +the limit lets 768 of 10000/m)
})

/** As the kernel would answer on such a disk: statfs(2) gives the type of the file system in its first eight bytes. */
const onDisk = (type: string): readonly string[] => {
  const answer = `inject=statfs:poke_exit=@arg2=${type.padEnd(16, '0')}`
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'signal=none', '-e', 'trace=statfs', '-e', answer]
}

test.for([
  ['NFS', '6969'],
  ['SMB', '7b51'],
  ['CIFS', '424d53ff'],
  ['9p', '97190201'],
  ['FUSE', '46557365'],
] as const)(
  'C86 a host leaves a data directory on %s alone, unless it is told that no other uses it; doctor says why',
  async ([kind, type]) => {
    needs('strace')
    const data = join(await temporaryDirectory(), 'data')
    await mkdir(data)
    const command = onDisk(type)
    const refused = new HostProcess(['host', '--port', '0', '--data', data], { command })
    expect(await refused.ended()).toBe(78)
    expect(refused.errors).toContain(`is on ${kind}, where other machines may write too`)
    expect(await readdir(data)).toEqual([])
    if (kind !== 'NFS') return
    const args = [...command.slice(1), ...NODE, MAIN, 'doctor', '--port', '0', '--data', data]
    const doctor = spawnSync('strace', args, { env: bareEnv(), encoding: 'utf8' })
    expect(doctor).toMatchObject({ status: 1, stdout: expect.stringMatching(/^bad +disk +NFS/m) })
    const { host, port } = await HostProcess.start(['--data', data, '--shared-disk'], { command })
    await enter(port, 'ani')
    process.kill((await host.listening()).pid, 'SIGTERM')
    expect(await host.ended()).toBe(0)
  },
)

test('text of a removed message that is still there is found and erased', async () => {
  const data = await temporaryDirectory()
  const by = { id: 'm1', name: 'ani' }
  const journal = new SqliteJournal({ directory: data, log: new SilentLog() })
  await journal.open()
  const texts = ['stays', 'secretword', 'also stays']
  const said = texts.map((text, index) => ({ type: 'said', seq: index + 1, at: 1, by, text }) as const)
  await journal.append([new Batch('lobby', [...said, { type: 'messageRemoved', seq: 4, at: 2, by, target: 2 }])])
  await journal.close()
  // The journal takes it for done, as one does that was put together of two times.
  const db = new DatabaseSync(join(data, 'journal.db'))
  db.exec('INSERT INTO erased (room, upto) VALUES (1, 4)')
  db.close()
  const bytes = async () => await readFile(join(data, 'journal.db'))
  expect(await bytes()).toSatisfy((file: Buffer) => file.includes('secretword'))
  const { code, of } = await examined('--data', data, '--port', '0')
  expect(of('removed')).toMatchObject({ status: 'warning', what: '1 removed message still had the text' })
  expect(code).toBe(0)
  expect(await bytes()).toSatisfy((file: Buffer) => !file.includes('secretword') && file.includes('also stays'))
  expect((await examined('--data', data, '--port', '0')).of('removed')).toBeUndefined()
})

test('the files that go soon are named, by the age of each and by the quota of their room', async () => {
  const data = await lived()
  const settings = join(await temporaryDirectory(), 'config.json')
  const found = async (config: object) => {
    await writeFile(settings, JSON.stringify(config))
    return await examined('--data', data, '--port', '0', '--config', settings)
  }
  expect((await found({})).of('quota')).toMatchObject({ status: 'ok', what: 'no file has to go soon' })
  const near = await examined('--data', data, '--port', '0', '--room-quota', '6', '--keep-days', '1')
  expect(near.of('quota')).toMatchObject({
    status: 'warning',
    what: 'lobby has 5 B of 6 B: these go first for newer ones: a.txt',
    advice: expect.stringContaining('--room-quota'),
  })
  expect(near.of('age')).toMatchObject({
    status: 'warning',
    what: 'lobby: these go within a day: a.txt',
    advice: expect.stringContaining('--keep-days'),
  })
  expect((await found({ hostQuota: 6 })).of('quota')).toMatchObject({
    status: 'warning',
    what: expect.stringContaining('5 B of 6 B'),
  })
  expect(near.code).toBe(0)
})
