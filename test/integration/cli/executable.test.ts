import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { curl } from '../../harness/commands.ts'
import { CopiedMachine } from '../../harness/copied-machine.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { until } from '../../harness/patience.ts'
import { Terminal } from '../../harness/tmux.ts'
import { hasTool, needs, run } from '../../harness/tools.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** There is no Node in `PATH`, nor anything else: the environment is empty but for a home of its own. */
const home = await temporaryDirectory()
const BARE = ['env', '-i', `HOME=${home}`, 'TERM=xterm-256color', 'LANG=C.UTF-8']
let file = ''
let deb = ''

const tamtam = (...args: readonly string[]): string => {
  const [command = '', ...rest] = [...BARE, file, ...args]
  const { status, stdout, stderr } = spawnSync(command, rest, { cwd: home, encoding: 'utf8' })
  if (status !== 0) throw new Error(`tamtam ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

const host = (data: string) =>
  new HostProcess([], { whole: [...BARE, file, 'host', '--json', '--port', '0', '--data', data], cwd: home })

beforeAll(() => {
  // The Debian package is made of the same executable.
  const script = hasTool('dpkg-deb') ? 'pack:deb' : 'pack:binary'
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', script], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm run ${script}: ${stderr}`)
  ;[file = '', deb = ''] = stdout
    .trim()
    .split('\n')
    .map((line) => join(root, line))
})

test('one file hosts a room with its page, takes and gives files, and keeps what was said, without a Node', async (context) => {
  Terminal.needed(context)
  const data = await temporaryDirectory()
  const first = host(data)
  const { port } = await first.listening()
  const at = `http://127.0.0.1:${port}`

  const page = (await curl(`${at}/`)).stdout.toString()
  const [, script = ''] = /src="([^"]+\.js)"/.exec(page) ?? []
  const { stdout: packed } = await curl('-H', 'Accept-Encoding: br', `${at}${script}`)
  expect(brotliDecompressSync(packed)).toEqual((await curl(`${at}${script}`)).stdout)

  const bytes = randomBytes(3_000_000)
  writeFileSync(join(home, 'a.bin'), bytes)
  const { url } = JSON.parse((await curl('-T', join(home, 'a.bin'), `${at}/rooms/lobby/files/a.bin`)).stdout.toString())
  expect(sha256Of((await curl(`${at}${url}`)).stdout)).toBe(sha256Of(bytes))
  tamtam('get', `127.0.0.1:${port}`, 'a.bin', '--save', 'got')
  expect(sha256Of(readFileSync(join(home, 'got', 'a.bin')))).toBe(sha256Of(bytes))

  const ani = new Terminal(['join', `ani@127.0.0.1:${port}`], { program: [...BARE, file], cwd: home })
  await ani.rests()
  tamtam('say', `budi@127.0.0.1:${port}`, 'halo')
  await ani.sees('<budi> halo')
  ani.line('halo juga')
  await first.until('what was typed', () => first.events.some(({ text }) => text === 'halo juga'))

  expect(await first.stop()).toBe(0)
  expect(first.errors).not.toMatch(/warning|experimental/i)
  const second = host(data)
  const again = await second.listening()
  expect(tamtam('tail', '--no-follow', `127.0.0.1:${again.port}`)).toContain('<ani> halo juga')
  expect(await second.stop()).toBe(0)
})

test('beside it lie the licences of all that is in it, and it tells its version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(tamtam('--version').trim()).toBe(version)
  const licences = readFileSync(`${file}.LICENSES.txt`, 'utf8')
  for (const one of ['Node.js is licensed', 'fastify', 'ink']) expect(licences).toContain(one)
})

test('a platform that no executable is made for is told, with those that there are', () => {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'pack:binary', '--', 'sun-sparc'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(status).not.toBe(0)
  expect(stderr).toContain('sun-sparc')
  expect(stderr).toContain('linux-x64, linux-arm64, win-x64, darwin-arm64')
})

const UNIT = '/usr/lib/systemd/system/tamtam.service'
const DATA = '/var/lib/tamtam'
const SETTINGS = '/etc/tamtam/environment'

test('the Debian package installs command, manual page and a service that hosts; removed it leaves what people said, purged nothing', async (context) => {
  needs('dpkg-deb', 'systemd-analyze', 'ss')
  const machine = await CopiedMachine.make(context)
  const isThere = (path: string) => machine.try('test', '-e', path).status === 0
  const installed = () => machine.run('dpkg', '--no-triggers', '--install', deb)

  installed()
  expect(machine.run('env', '-i', 'tamtam', '--version')).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(machine.run('gzip', '-dc', '/usr/share/man/man1/tamtam.1.gz')).toContain('.TH TAMTAM 1')
  expect(machine.run('getent', 'passwd', 'tamtam')).toContain(':/usr/sbin/nologin')

  // Another package's settings may be faulty here; ours are told by name.
  const verified = machine.try('systemd-analyze', 'verify', '--man=no', UNIT)
  expect(verified.stderr.split('\n').filter((line) => line.includes('tamtam'))).toEqual([])
  expect(verified.status).toBe(0)
  const security = machine.run('systemd-analyze', 'security', '--offline=yes', '--threshold=20', '--no-pager', UNIT)
  expect(security).toMatch(/overall exposure level/i)

  // A changed setting stays as it is when the package is installed again.
  machine.run('sh', '-c', `echo TAMTAM_PORT=0 >> ${SETTINGS}`)
  installed()
  expect(machine.run('tail', '-n', '1', SETTINGS)).toBe('TAMTAM_PORT=0\n')

  // As systemd does it: the unit's own line, its user, its directory and its settings.
  const [, line = ''] = /^ExecStart=(.+)$/m.exec(machine.run('cat', UNIT)) ?? []
  const [, user = ''] = /^User=(.+)$/m.exec(machine.run('cat', UNIT)) ?? []
  machine.run('install', '--directory', '--mode=700', `--owner=${user}`, DATA)
  const settings = machine
    .run('grep', '-v', '^#', SETTINGS)
    .split('\n')
    .filter((each) => each !== '')
  const host = new HostProcess([], {
    whole: machine.within(
      ...['setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups', 'env', '-i', ...settings],
      ...line.replace('%S', '/var/lib').split(' '),
    ),
  })
  const portOf = () => new RegExp(`:(\\d+) .*\\bpid=${host.pid},`).exec(run('ss', '-ltnpH'))?.[1]
  await host.until('a port', () => portOf() !== undefined)
  const at = `http://127.0.0.1:${portOf()}`
  await until('the service to answer', async () => (await curl(`${at}/healthz`)).stdout.includes('ok'))
  expect((await curl('-d', 'halo', `${at}/rooms/lobby/messages`)).code).toBe(0)
  expect((await curl(`${at}/`)).stdout.toString()).toContain('<script')
  expect([await host.stop(), host.errors]).toEqual([0, ''])

  machine.run('dpkg', '--no-triggers', '--remove', 'tamtam-room')
  expect(['/usr/bin/tamtam', UNIT].filter(isThere)).toEqual([])
  expect([`${DATA}/journal.db`, SETTINGS].filter((path) => !isThere(path))).toEqual([])
  machine.run('dpkg', '--no-triggers', '--purge', 'tamtam-room')
  expect([DATA, SETTINGS, '/etc/tamtam'].filter(isThere)).toEqual([])
  expect(machine.try('getent', 'passwd', 'tamtam').status).not.toBe(0)
})
