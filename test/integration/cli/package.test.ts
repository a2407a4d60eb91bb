import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { programOf } from '#app/cli/program.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { bareEnv, HostProcess } from '../../harness/host-process.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const archive = join(
  root,
  'dist',
  `tamtam-room-${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}.tgz`,
)
const env = {
  ...bareEnv(),
  HOME: process.env['HOME'],
  PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
}

/** The first of `engines`. */
const OLDEST = '22.18.0'

interface Component {
  readonly name: string
  readonly version: string
  readonly hashes: readonly [{ readonly content: string }]
}

/** A folder far from the checkout, with the package installed as anybody would. */
const home = await temporaryDirectory()
let command = ''

const run = (what: string, args: readonly string[], options: object = {}): SpawnSyncReturns<string> =>
  spawnSync(what, args, { cwd: home, env, encoding: 'utf8', timeout: 600_000, ...options })

function must(what: string, args: readonly string[], options: object = {}): string {
  const { status, stdout, stderr } = run(what, args, options)
  if (status !== 0) throw new Error(`${what} ${args.join(' ')} ended with ${status}: ${stdout}${stderr}`)
  return stdout
}

const pack = () => {
  must('npm', ['run', '--silent', 'pack'], { cwd: root })
  return sha256Of(Buffer.concat([readFileSync(archive), Buffer.from(bill())]))
}
const bill = () => readFileSync(archive.replace(/\.tgz$/, '.cdx.json'), 'utf8')
let packed = ''

beforeAll(async () => {
  packed = pack()
  writeFileSync(join(home, 'package.json'), '{"private":true,"type":"module"}')
  must('npm', [
    'install',
    '--prefer-offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    archive,
  ])
  command = join(home, 'node_modules', '.bin', 'tamtam')
})

afterAll(() => rmSync(home, { recursive: true, force: true }))

test('C135 the same sources packed again are the same package, byte for byte', () => {
  expect(pack()).toBe(packed)
})

test('the package holds what runs and what is read, and nothing else', () => {
  const names = must('tar', ['tzf', archive]).trim().split('\n')
  expect(names).toEqual(
    expect.arrayContaining([
      'package/dist/program/main.js',
      'package/dist/program/LICENSES.txt',
      'package/src/app/index.d.ts',
      'package/dist/page/index.html',
    ]),
  )
  expect(
    names.filter(
      (name) =>
        !/^package\/((bin|browser|dist|docs|man|src|test\/contract)\/|[A-Z]+(\.id)?(\.md)?$|package\.json$)/.test(name),
    ),
  ).toEqual([])
  expect(names.filter((name) => /\.test\.|(?<!\.d)\.tsx?$/.test(name))).toEqual([])
})

test('it hosts a room, serves the page, and takes and gives a file, from where it was installed', async () => {
  const data = await temporaryDirectory()
  const host = new HostProcess([], {
    whole: [command, 'host', '--json', '--port', '0', '--data', data],
    env,
    cwd: home,
  })
  const { port } = await host.listening()
  const bytes = 'bytes of a file'
  writeFileSync(join(home, 'a.txt'), bytes)
  must(command, ['send', `ani@127.0.0.1:${port}`, 'a.txt'])
  must(command, ['say', `ani@127.0.0.1:${port}`, 'halo'])
  must(command, ['get', `127.0.0.1:${port}`, 'a.txt', '--save', 'got'])
  expect(readFileSync(join(home, 'got', 'a.txt'), 'utf8')).toBe(bytes)
  const page = await fetch(`http://127.0.0.1:${port}/`)
  expect(await page.text()).toContain('<script')
  await host.until('what was said', () => host.events.some((event) => event['type'] === 'said'))
  expect(host.errors).not.toMatch(/warning/i)
  expect(await host.stop()).toBe(0)
  expect(must(command, ['export', '--data', data, '--json', 'a.tar'])).toContain('"files":1')
})

test('it installs what the library imports; the built program has the rest in it', () => {
  const { dependencies } = JSON.parse(readFileSync(join(home, 'node_modules', 'tamtam-room', 'package.json'), 'utf8'))
  expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(['fastify', 'rxjs', 'valibot', 'ws']))
  // Ink and React are among them: a host that is embedded has the chat on a screen over SSH.
  for (const name of ['commander', 'qrcode', 'vite']) expect(dependencies).not.toHaveProperty(name)
})

test('what only asks and prints runs in the first process, under the same rules', () => {
  const launcher = readFileSync(join(root, 'packaging', 'tamtam.mjs'), 'utf8')
  const [list = ''] = /^const QUICK = [^\]]*\]$/m.exec(launcher) ?? []
  const quick = [...list.matchAll(/'([^']+)'/g)].map(([, word = '']) => word)
  expect(quick).toContain('say')
  const known = [...programOf().commands.map((each) => each.name()), 'help', '--help', '-h', '--version']
  expect(quick.filter((word) => !known.includes(word))).toEqual([])
  for (const moving of ['host', 'join', 'send', 'get', 'import', 'export']) expect(quick).not.toContain(moving)
  // A file that is loaded before the command tells what it runs under.
  const probe = join(home, 'probe.cjs')
  writeFileSync(probe, "process.on('exit', () => console.log(process.execArgv.length, '__proto__' in {}))")
  const probed = { env: { ...env, NODE_OPTIONS: `--require ${probe}` } }
  expect(must(command, ['--version'], probed)).toMatch(/^[\d.]+\n0 false\n$/)
})

test('a program of somebody else compiles against its types, and runs', () => {
  const source = `
import { Batch, createTamtam, type Entry, type Tamtam } from 'tamtam-room'
import { MemoryJournal, journalContract } from 'tamtam-room/testing'
import { join, type RoomInPage } from 'tamtam-room/browser'

const tamtam: Tamtam = createTamtam({ overrides: { journal: new MemoryJournal() } })
await tamtam.start()
const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
const heard = new Promise<Entry>((resolve) => {
  ani.events$.subscribe((event) => {
    if (event.type === 'said') resolve(event)
  })
})
await ani.send({ type: 'say', text: 'halo' })
const entry = await heard
const enter = (): Promise<RoomInPage> => join({ room: 'lobby', name: 'ani' })
// @ts-expect-error there is no such command
const shout = () => ani.send({ type: 'shout', text: 'halo' })
console.log(entry.type, entry.seq, new Batch('lobby', [entry]).last, typeof journalContract, typeof shout, typeof enter)
await tamtam.stop()
`
  writeFileSync(join(home, 'consumer.ts'), source)
  const compilerOptions = { module: 'NodeNext', target: 'ES2024', strict: true, skipLibCheck: true, types: ['node'] }
  const typeRoots = [join(root, 'node_modules', '@types')]
  writeFileSync(
    join(home, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, typeRoots }, files: ['consumer.ts'] }),
  )
  must(process.execPath, [join(root, 'node_modules', 'tsc', 'bin', 'tsc'), '-p', '.'])
  expect(must(process.execPath, ['--disable-warning=ExperimentalWarning', 'consumer.js']).trim()).toBe(
    'said 1 1 function function function',
  )
})

test('C135 beside the package lies what it may bring, each with its digest', () => {
  const listed = JSON.parse(bill()).components as Component[]
  const lock: Record<string, { version: string; integrity: string }> = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  ).packages
  const digests = new Map(
    Object.entries(lock).map(([path, each]) => [`${nameAt(path)}@${each.version}`, each.integrity]),
  )
  for (const {
    name,
    version,
    hashes: [hash],
  } of listed)
    expect([name, `sha512-${Buffer.from(hash.content, 'hex').toString('base64')}`]).toEqual([
      name,
      digests.get(`${name}@${version}`),
    ])
  // What npm has brought here is in the list, though some of it may be newer.
  const brought = JSON.parse(readFileSync(join(home, 'node_modules', '.package-lock.json'), 'utf8')).packages
  const names = listed.map(({ name }) => name)
  for (const path of Object.keys(brought)) if (nameAt(path) !== 'tamtam-room') expect(names).toContain(nameAt(path))
})

const nameAt = (path: string): string => path.replace(/^.*node_modules\//, '')

test(`C136 on the oldest Node that it says it runs on, ${OLDEST}, it hosts, and sends and gets a file`, async () => {
  const name = `node-${process.platform}-${process.arch}`
  must('npm', ['install', '--no-save', '--prefer-offline', '--ignore-scripts', '--loglevel=error', `${name}@${OLDEST}`])
  const folder = join(home, 'node_modules', name, 'bin')
  const older = { ...env, PATH: `${folder}${delimiter}${env.PATH}` }
  expect(must('node', ['--version'], { env: older }).trim()).toBe(`v${OLDEST}`)
  const data = await temporaryDirectory()
  const host = new HostProcess([], { whole: [command, 'host', '--json', '--port', '0', '--data', data], env: older })
  const { port } = await host.listening()
  const bytes = randomBytes(3_000_000)
  writeFileSync(join(home, 'b.bin'), bytes)
  must(command, ['send', `ani@127.0.0.1:${port}`, 'b.bin'], { env: older })
  must(command, ['get', `127.0.0.1:${port}`, 'b.bin', '--save', 'got'], { env: older })
  expect(sha256Of(readFileSync(join(home, 'got', 'b.bin')))).toBe(sha256Of(bytes))
  must(command, ['say', `ani@127.0.0.1:${port}`, 'halo'], { env: older })
  expect(must(command, ['tail', '--no-follow', `127.0.0.1:${port}`], { env: older })).toContain('<ani> halo')
  expect(host.errors).not.toMatch(/warning/i)
  expect(await host.stop()).toBe(0)
})

test('C136 an old Node is told in one sentence which one is needed', (context) => {
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  const old = paths.find((node) =>
    /^v(1\d|20)\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
  )
  if (old === undefined) return context.skip('needs a Node before 22.18 on the path')
  const { status, stderr, stdout } = run(old, [command, '--version'])
  expect({ status, stdout }).toEqual({ status: 78, stdout: '' })
  expect(stderr).toMatch(/^tamtam: this is Node [\d.]+, and tamtam needs Node 22\.18 or later\n$/)
})
