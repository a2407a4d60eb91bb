import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { enter, HostProcess, type ProcessOptions } from '../harness/host-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Runs a command to its end. */
async function run(args: readonly string[], options: ProcessOptions = {}) {
  const host = new HostProcess(args, options)
  const code = await host.ended()
  return { code, lines: host.lines, errors: host.errors }
}

/** It names the directory and the two ways out. */
const noDirectory = (path: string): RegExp =>
  new RegExp(`^tamtam: the data can't be opened: ${path}: .*--data.*--ephemeral\\n$`)

describe('the command line', () => {
  test.each([
    [['--port', 'abc'], 2, 'tamtam: port must be a whole number; see tamtam help host\n'],
    [
      ['host', '--line-files', 'pigeon'],
      2,
      'tamtam: line-files must be one of auto, inline, links; see tamtam help host\n',
    ],
    [['--frobnicate'], 2, "tamtam: unknown option '--frobnicate'\n(tamtam help lists the commands)\n"],
    [['host', '--port'], 2, "tamtam: option '--port <port>' argument missing\n(tamtam help lists the commands)\n"],
    [['jion'], 2, 'tamtam: there is no command jion; tamtam help lists the commands\n'],
    [['--room', '../x', '--ephemeral', '--port', '0'], 2, /^tamtam: BAD_ROOM: .*\n$/],
    [['--name', 'admin', '--ephemeral', '--port', '0'], 2, /^tamtam: BAD_NAME: .*\n$/],
    [['--config', '/nonexistent/c.json'], 2, /^tamtam: the configuration \/nonexistent\/c\.json can't be read: .*\n$/],
    [['--bind', '0.0.0.0'], 78, /^tamtam: on 0\.0\.0\.0 everyone on the network could join.* add --open .*\n$/],
    [['--bind', '::'], 78, /add --open/],
    [['--bind', '127.example.org'], 78, /add --open/],
    [['--bind', '192.0.2.1', '--open', '--port', '0', '--ephemeral'], 2, /^tamtam: can't listen on 192\.0\.2\.1 .*\n$/],
    [['--data', '/dev/null/x', '--port', '0'], 74, /^tamtam: the data can't be opened: .*\n$/],
    [['--data', '/proc/x', '--port', '0'], 74, noDirectory('/proc/x')],
    [['--data', '/proc/x/y', '--port', '0'], 74, noDirectory('/proc/x/y')],
    [['--data', '/proc/self', '--port', '0'], 74, noDirectory('/proc/self')],
    [['--data', '/dev/full', '--port', '0'], 74, noDirectory('/dev/full')],
    [['--data', `/tmp/${'x'.repeat(300)}`, '--port', '0'], 74, noDirectory(`/tmp/${'x'.repeat(300)}`)],
  ] as const)('%j: exit %i and a sentence', async (args, code, errors) => {
    const ended = await run(args)
    expect(ended).toMatchObject({ code, lines: [] })
    if (typeof errors === 'string') expect(ended.errors).toBe(errors)
    else expect(ended.errors).toMatch(errors)
  })

  test('helps, and tells its version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    expect(await run(['--version'])).toEqual({ code: 0, lines: [version], errors: '' })
    for (const args of [['help'], ['--help'], ['help', 'host'], ['host', '--help']]) {
      const { code, lines, errors } = await run(args)
      expect([code, errors]).toEqual([0, ''])
      expect(lines[0]).toMatch(/^Usage: tamtam/)
    }
  })

  test('goes over the environment, and that over the configuration file', async () => {
    const base = await temporaryDirectory()
    await mkdir(join(base, 'tamtam'))
    const settings = { room: 'dari-file', name: 'berkas', ephemeral: true, port: 0 }
    await writeFile(join(base, 'tamtam', 'config.json'), JSON.stringify(settings))
    const env = { XDG_CONFIG_HOME: base, TAMTAM_NAME: 'lingkungan', TAMTAM_ROOM: 'dari-env' }
    const host = new HostProcess(['--room', 'dari-flag', '--json'], { env })
    const ani = await enter((await host.listening()).port, 'ani')
    host.child.stdin?.write('halo\n')
    await ani.until('<lingkungan> halo')
    expect(host.events.at(-1)).toMatchObject({ room: 'dari-flag' })
  })

  test('keeps data under $XDG_DATA_HOME/tamtam, or nothing at all with --ephemeral', async () => {
    const home = await temporaryDirectory()
    const env = { XDG_DATA_HOME: join(home, 'data'), HOME: home, TMPDIR: home }
    const { host: nothing, port } = await HostProcess.start(['--ephemeral'], { env, cwd: home })
    const ani = await enter(port, 'ani')
    await ani.ask('/put 3 a.txt\nisi', /is in the room/)
    expect(await nothing.stop()).toBe(0)
    expect(await readdir(home)).toEqual([])
    const { host } = await HostProcess.start([], { env, cwd: home })
    expect(await readdir(home, { recursive: true })).toEqual(expect.arrayContaining(['data/tamtam/journal.db']))
    expect(await host.stop()).toBe(0)
  })
})
