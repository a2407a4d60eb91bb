// One room for all: everybody with what they have, on one port.
import { execFile, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished } from 'vitest'
import { browserTest as test } from '../harness/browser.ts'
import { sha256Of } from '../harness/bytes.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { filesOf } from '../harness/files.ts'
import { startHttpHost } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'
import { SeedClient } from '../harness/seed-client.ts'
import { SshUser } from '../harness/ssh-client.ts'
import { Terminal } from '../harness/tmux.ts'
import { needs } from '../harness/tools.ts'
import { chooseFiles, comeIn, write } from './page-visitor.ts'

const curl = async (...args: readonly string[]): Promise<string> => (await promisify(execFile)('curl', args)).stdout

/** What was said in the room, as it stands in a text that somebody sees: each once, in this order. */
const wordsIn = (text: string): readonly string[] => text.match(/(?<=\bword of )\w+/g) ?? []

/** A real netcat, to which somebody types. */
class Netcat {
  out = ''
  readonly #child

  constructor(port: number) {
    this.#child = spawn('nc', ['127.0.0.1', String(port)], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
    })
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  types(text: string): void {
    this.#child.stdin.write(text)
  }
}

test("the seed's client, netcat, curl, a browser, tamtam join, irssi, ssh and sftp in one room read each other, once and in one order, and get each other's files", async ({
  open,
}) => {
  needs('nc', 'curl', 'tmux', 'irssi', 'scp')
  const { port, tamtam } = await startHttpHost({ page: true, stores: 'kept', line: { apartMs: 600, files: 'auto' } })
  const watcher = await tamtam.engine.join({ room: 'lobby', name: 'watcher' })
  const said: string[] = []
  watcher.events$.subscribe((event) => {
    if (event.type === 'said') said.push(...wordsIn(event.text))
  })
  const home = await temporaryDirectory()
  const fileOf = async (name: string) => {
    const bytes = Buffer.from(`what ${name} has to give\n`.repeat(2000))
    const path = join(home, `${name}.txt`)
    await writeFile(path, bytes)
    return { name: `${name}.txt`, path, bytes, sha256: sha256Of(bytes) }
  }

  const seed = await SeedClient.connect(port)
  await seed.until((client) => client.printed.includes(' in lobby: '))
  const netcat = new Netcat(port)
  netcat.types('/nick nini\n')
  const ani = await comeIn(open, port, 'ani')
  const saves = join(home, 'budi')
  await mkdir(saves)
  const budi = new Terminal(['join', `budi@127.0.0.1:${port}`], { cwd: saves, columns: 120, rows: 50 })
  await budi.sees('you are budi in lobby')
  const config = 'settings = { "irc/core" = { cmd_queue_speed = "10msecs"; cmds_max_at_once = "100"; }; };\n'
  await mkdir(join(home, 'irssi'))
  await writeFile(join(home, 'irssi', 'config'), config)
  const iris = new Terminal(['--home', join(home, 'irssi'), '-c', '127.0.0.1', '-p', String(port), '-n', 'iris'], {
    program: ['irssi'],
    columns: 140,
    rows: 50,
  })
  await iris.sees('Begin with: /join #lobby')
  iris.line('/join #lobby')
  await iris.sees(/^\[#lobby\]/)
  const ssh = await SshUser.at(port)
  const sasa = ssh.begin('sasa', [], undefined, ['-T'])
  await until('ssh to be in', () => watcher.members.some(({ name }) => name === 'sasa'))

  const everybody: readonly (readonly [string, () => unknown])[] = [
    ['seed', () => seed.say('word of seed')],
    ['netcat', () => netcat.types('word of netcat\n')],
    ['curl', () => curl('-sfd', 'word of curl', `http://caca@127.0.0.1:${port}/rooms/lobby/messages`)],
    ['browser', () => write(ani, 'word of browser')],
    ['join', () => budi.line('word of join')],
    ['irssi', () => iris.line('word of irssi')],
    ['ssh', () => sasa.write('word of ssh\n')],
    ['say', () => ssh.ssh('sasa', ['say', 'word of say'])],
  ]
  for (const [, speaks] of everybody) await speaks()
  await until('all to be said', () => said.length === everybody.length)
  expect(said.toSorted()).toEqual(everybody.map(([name]) => name).toSorted())
  // Some show their own words at once, or not at all.
  const shown = async (who: string, text: () => string | Promise<string>, own?: string) => {
    const all = said.filter((name) => name !== own)
    const words = async () => wordsIn(await text()).filter((name) => name !== own)
    await until(`${who} to see all`, async () => (await words()).length >= all.length)
    expect(await words(), who).toEqual(all)
  }
  await shown('seed', () => seed.printed, 'seed')
  await shown('netcat', () => netcat.out, 'netcat')
  await shown('browser', () => ani.locator('.timeline').innerText())
  await shown('join', () => budi.screen.join('\n'))
  await shown('irssi', () => iris.screen.slice(0, -1).join('\n'), 'irssi')
  await shown('ssh', () => sasa.out, 'ssh')
  const history = `http://127.0.0.1:${port}/rooms/lobby/events?after=0`
  await shown('curl', () => curl('-sf', history))

  // Each sends a file by its own way.
  const names = ['seed', 'netcat', 'curl', 'browser', 'join', 'ssh', 'sftp', 'scp']
  const files = new Map<string, Awaited<ReturnType<typeof fileOf>>>()
  for (const name of names) files.set(name, await fileOf(name))
  const given = (name: string) => files.get(name) ?? expect.fail(name)
  const whole = (count: number) =>
    until(
      `${count} files`,
      async () => (await filesOf(port)).filter(({ status }) => status === 'whole').length === count,
    )
  await seed.send('seed.txt', given('seed').path)
  await whole(1)
  const { bytes } = given('netcat')
  netcat.types(`/put ${bytes.length} netcat.txt\n${bytes}`)
  await whole(2)
  await curl('-sfT', given('curl').path, `http://caca@127.0.0.1:${port}/lobby/`)
  await chooseFiles(ani, [given('browser').path])
  await whole(4)
  budi.line(`/send ${given('join').path}`)
  await whole(5)
  expect(await ssh.ssh('sasa', ['put', 'ssh.txt'], given('ssh').bytes)).toMatchObject({ code: 0 })
  expect(await ssh.sftp('sasa', [`put ${given('sftp').path} lobby/`])).toMatchObject({ code: 0 })
  expect(await ssh.scp('sasa', [given('scp').path, '@:lobby/'])).toMatchObject({ code: 0 })
  await whole(names.length)
  const digests = Object.fromEntries([...files.values()].map(({ name, sha256 }) => [name, sha256]))
  expect(Object.fromEntries((await filesOf(port)).map(({ name, sha256 }) => [name, sha256]))).toEqual(digests)

  // And has those of all others exactly.
  const others = (own: string) =>
    Object.entries(digests)
      .filter(([name]) => name !== `${own}.txt`)
      .toSorted()
  await seed.until(({ saved }) => saved.length === names.length - 1)
  expect(seed.saved.map(({ name, sha256 }) => [name, sha256]).toSorted()).toEqual(others('seed'))
  await until('join to save all', async () => (await readdir(saves)).length === names.length - 1)
  const savedBy = async (folder: string, prefix = '') =>
    Promise.all(
      (await readdir(folder)).map(async (name) => [
        name.slice(prefix.length),
        sha256Of(await readFile(join(folder, name))),
      ]),
    )
  expect((await savedBy(saves)).toSorted()).toEqual(others('join'))
  const fetched = join(home, 'sftp')
  await mkdir(fetched)
  expect(await ssh.sftp('sasa', [`get lobby/*.txt ${fetched}/`])).toMatchObject({ code: 0 })
  expect((await savedBy(fetched)).toSorted()).toEqual(Object.entries(digests).toSorted())
  // Netcat, irssi and ssh are told the links that curl brings.
  for (const told of [() => netcat.out, () => sasa.out]) {
    await until('the links', () => told().includes('scp.txt'))
    expect(told()).not.toContain('what seed has to give')
  }
  await iris.sees('scp.txt')
  for (const { id, name = '' } of await filesOf(port)) {
    const body = await curl('-sf', `http://127.0.0.1:${port}/files/${id}/${name}`)
    expect(sha256Of(Buffer.from(body)), name).toBe(digests[name])
    await ani
      .locator('.files')
      .getByRole('link', { name: `Download: ${name}` })
      .waitFor()
  }
})
