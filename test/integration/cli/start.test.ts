import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { stackOf } from '#app/cli/stack.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { bareEnv, enter, HostProcess } from '../../harness/host-process.ts'
import { canBeUnderRights, underRights } from '../../harness/other-user.ts'
import { MAIN } from '../../harness/program.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const SOURCE = 'src/app/cli/program.ts'
const SAID = 'chat room with a shared file drop'
const STAMP = '.tamtam-set-up'

let home = ''

/** A checkout of its own, built as this one is. */
async function checkout(): Promise<string> {
  const place = await temporaryDirectory()
  chmodSync(place, 0o755)
  for (const name of [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'src',
    'scripts',
    'dist/page',
    'dist/.set-up',
  ])
    cpSync(join(ROOT, name), join(place, name), { recursive: true })
  const { program } = JSON.parse(readFileSync(join(place, 'dist', '.set-up'), 'utf8'))
  cpSync(join(ROOT, program, '..'), join(place, program, '..'), { recursive: true })
  // A folder of its own, so that what is noted as installed is its own.
  const modules = join(place, 'node_modules')
  mkdirSync(modules)
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (name !== STAMP) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  cpSync(join(ROOT, 'node_modules', STAMP), join(modules, STAMP))
  return place
}

/** Runs the launcher to its end. */
async function launch(place: string, command: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const [first = '', ...rest] = [...command, process.execPath, 'scripts/launch.mjs', 'tamtam', '--help']
  const child = spawn(first, rest, { cwd: place, env: { ...bareEnv(), NODE_COMPILE_CACHE: undefined, ...env } })
  const code = new Promise((resolve) => child.on('close', resolve))
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await code, out, errors }
}

const edit = (place: string, said: string) => {
  const path = join(place, SOURCE)
  writeFileSync(path, readFileSync(join(ROOT, SOURCE), 'utf8').replace(SAID, said))
}

const noted = (place: string) => JSON.parse(readFileSync(join(place, 'dist', '.set-up'), 'utf8'))

test('a stack of the built program names lines of sources', () => {
  const place = dirname(MAIN)
  const lineIn = (text: string) => text.split('\n').findIndex((line) => line.includes('async function runProgram(')) + 1
  const [file = ''] = readdirSync(place).filter((name) => /^program-.*\.js$/.test(name))
  const line = lineIn(readFileSync(join(place, file), 'utf8'))
  const error = Object.assign(new Error('a bug'), {
    stack: `Error: a bug\n    at x (${pathToFileURL(place)}/${file}:${line}:20)`,
  })
  expect(line).toBeGreaterThan(0)
  expect(stackOf(error)).toContain(`at x (${join(ROOT, SOURCE)}:${lineIn(readFileSync(join(ROOT, SOURCE), 'utf8'))}:`)
})

beforeAll(async () => {
  home = await checkout()
})

test('npm start starts what is built, passes flags on, and loads the page', async () => {
  const host = new HostProcess([], {
    whole: ['npm', 'start', '--silent', '--', 'host', '--port', '0', '--ephemeral', '--json', '--name', 'tuan'],
    cwd: home,
  })
  const { port, pid } = await host.listening()
  const ani = await enter(port, 'ani')
  await ani.ask('/who', /tuan/)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('<script')
  process.kill(pid, 'SIGTERM')
  expect(await host.ended()).toBe(0)
  expect(host.errors).toBe('')
})

test('the second start looks at the sources only, and the first after a copy builds nothing either', async () => {
  expect(await launch(home)).toMatchObject({ code: 0, errors: '', out: expect.stringContaining(SAID) })
  const { sources } = noted(home)
  expect(sources).toContain(SOURCE)
  expect(await launch(home)).toMatchObject({ code: 0, errors: '' })
  expect(noted(home).sources).toBe(sources)
})

test('compiled code is kept beside the program, and made anew where it was damaged', async () => {
  const place = join(home, noted(home).program, '..', '.cache')
  const kept = () =>
    readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
  const damage = 'Z'.repeat(50)
  rmSync(place, { recursive: true })
  await launch(home)
  const before = kept()
  expect(before.length).toBeGreaterThan(5)
  for (const [at, path] of before.entries()) {
    const bytes = readFileSync(path)
    writeFileSync(path, at % 2 === 0 ? damage : Buffer.concat([bytes.subarray(0, -damage.length), Buffer.from(damage)]))
  }
  expect(await launch(home)).toMatchObject({ code: 0, errors: '', out: expect.stringContaining(SAID) })
  expect(kept()).toEqual(before)
  for (const path of before) expect(readFileSync(path, 'latin1').endsWith(damage), path).toBe(false)
})

test('a changed source is built at the next start, and one that is as before needs no building', async () => {
  edit(home, 'Another room')
  const { out, errors } = await launch(home)
  expect(out).toContain('Another room')
  expect(errors).toContain('building the program')
  expect((await launch(home)).errors).toBe('')
  edit(home, SAID)
  const again = await launch(home)
  expect(again.out).toContain(SAID)
  expect(again.errors).not.toContain('building the program')
})

test('two starts at once both run what is in the sources, and only one of them sets up', async () => {
  const tools = await temporaryDirectory()
  const calls = join(tools, 'calls')
  writeFileSync(join(tools, 'npm'), `#!/bin/sh\necho "$1" >>${calls}\n`, { mode: 0o755 })
  edit(home, 'A room of two')
  appendFileSync(join(home, 'package-lock.json'), '\n')
  const PATH = `${tools}${delimiter}${process.env['PATH']}`
  const both = await Promise.all([launch(home, [], { PATH }), launch(home, [], { PATH })])
  for (const { code, out } of both) expect([code, out]).toEqual([0, expect.stringContaining('A room of two')])
  expect(readFileSync(calls, 'utf8')).toBe('install\n')
  expect(both.filter(({ errors }) => errors.includes('building the program'))).toHaveLength(1)
})

test('a build that was killed half way is no build', async () => {
  const dist = join(home, 'dist')
  const unfinished = () => readdirSync(dist).filter((name) => name.includes('-new-'))
  const before = unfinished().length
  // A machine that is busy elsewhere may be told too late.
  for (let attempt = 1; unfinished().length === before; attempt++) {
    expect(attempt).toBeLessThan(20)
    edit(home, `A room of the killed ${attempt}`)
    const child = spawn(process.execPath, ['scripts/launch.mjs', 'tamtam', '--help'], { cwd: home, detached: true })
    const watching = watch(dist, (_event, name) => {
      if (!name?.includes('-new-')) return
      watching.close()
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    })
    await once(child, 'close')
    watching.close()
  }
  expect((await launch(home)).out).toContain('A room of the killed')
})

test('a source that cannot be built is told, and nothing else starts in its place', async () => {
  writeFileSync(join(home, SOURCE), 'this is no program')
  const { code, out, errors } = await launch(home)
  expect([code, out]).toEqual([1, ''])
  expect(errors).toContain('the program could not be built')
})

test('a checkout that can only be read starts what was built in it', async (context) => {
  if (!canBeUnderRights()) return context.skip('needs setpriv')
  const place = await checkout()
  // As another user: nothing is noted, and nothing is compiled beside the program.
  rmSync(join(place, 'dist', '.set-up'))
  const { program } = noted(ROOT)
  rmSync(join(place, program, '..', '.cache'), { recursive: true, force: true })
  const started = await launch(place, underRights.command)
  expect(started).toMatchObject({ code: 0, errors: '', out: expect.stringContaining(SAID) })
  expect(existsSync(join(place, 'dist', '.set-up'))).toBe(false)
})
