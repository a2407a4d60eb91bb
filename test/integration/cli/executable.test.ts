import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { curl } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { Terminal } from '../../harness/tmux.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** There is no Node in `PATH`, nor anything else: the environment is empty but for a home of its own. */
const home = await temporaryDirectory()
const BARE = ['env', '-i', `HOME=${home}`, 'TERM=xterm-256color', 'LANG=C.UTF-8']
let file = ''

const tamtam = (...args: readonly string[]): string => {
  const [command = '', ...rest] = [...BARE, file, ...args]
  const { status, stdout, stderr } = spawnSync(command, rest, { cwd: home, encoding: 'utf8' })
  if (status !== 0) throw new Error(`tamtam ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

const host = (data: string) =>
  new HostProcess([], { whole: [...BARE, file, 'host', '--json', '--port', '0', '--data', data], cwd: home })

beforeAll(() => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'pack:binary'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`npm run pack:binary: ${stderr}`)
  file = join(root, stdout.trim().split('\n').at(-1) ?? '')
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
  tamtam('get', `127.0.0.1:${port}`, 'a.bin')
  expect(sha256Of(readFileSync(join(home, 'terima_a.bin')))).toBe(sha256Of(bytes))

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
