import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { CliProcess, folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'

const SLOWLY = ['--limit', '1M']

/** A host, and a file on its way there of which some bytes have arrived. */
async function underWay(size = 2_500_000) {
  const { at, port } = await hostForVerbs()
  const file = await folderWith('app.log', size)
  const sending = new CliProcess(['send', at, 'sent/app.log', ...SLOWLY], { cwd: file.cwd })
  const arrived = async () => ((await filesOf(port))[0]?.offset ?? 0) > 0
  await sending.until('its beginning', arrived)
  return { ...file, at, port, sending }
}

const whole = async (port: number) =>
  (await filesOf(port)).map(({ name, size, sha256: digest, status }) => [name, size, digest, status])

describe('a file goes', () => {
  it('as it was when it was opened, though it is written to all the while', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path } = await folderWith('app.log', 2_500_000)
    const writing = setInterval(() => appendFileSync(path, 'one more line\n'.repeat(8)), 1)
    onTestFinished(() => clearInterval(writing))
    const sent = await CliProcess.run(['send', at, 'sent/app.log', ...SLOWLY], { cwd })
    clearInterval(writing)
    expect(sent.code).toBe(0)
    const [file] = await filesOf(port)
    const size = file?.size ?? 0
    const now = await readFile(path)
    expect([size >= 2_500_000, size < now.length]).toEqual([true, true])
    expect(await whole(port)).toEqual([['app.log', size, sha256Of(now.subarray(0, size)), 'whole']])
  })

  it('whole where another takes its name', async () => {
    const { path, cwd, sending, port, digest } = await underWay()
    await writeFile(join(cwd, 'new'), 'another')
    await rename(join(cwd, 'new'), path)
    expect((await sending.ended()).code).toBe(0)
    expect(await whole(port)).toEqual([['app.log', 2_500_000, digest, 'whole']])
  })

  it('from the start where it was cut off meanwhile, and nothing stays of the first attempt', async () => {
    const { path, sending, port, bytes } = await underWay()
    await truncate(path, 1_200_000)
    expect((await sending.ended()).code).toBe(0)
    expect(await whole(port)).toEqual([['app.log', 1_200_000, sha256Of(bytes.subarray(0, 1_200_000)), 'whole']])
  })

  it('from the start where it was changed meanwhile', async () => {
    const { path, sending, port, bytes } = await underWay()
    bytes.set(randomBytes(10), 2_400_000)
    await writeFile(path, bytes, { flag: 'r+' })
    expect((await sending.ended()).code).toBe(0)
    expect((await whole(port)).filter(([, , , status]) => status === 'whole')).toEqual([
      ['app.log', 2_500_000, sha256Of(bytes), 'whole'],
    ])
  })

  it('not at all where it is changed again and again; that is said, and others go', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path } = await folderWith('vm.img', 2_500_000)
    await writeFile(join(cwd, 'z'), 'zz')
    const fd = openSync(path, 'r+')
    const writing = setInterval(() => writeSync(fd, randomBytes(16), 0, 16, 2_400_000), 1)
    onTestFinished(() => {
      clearInterval(writing)
      closeSync(fd)
    })
    const sent = await CliProcess.run(['send', at, 'sent/vm.img', 'z', ...SLOWLY], { cwd })
    expect(sent.code).toBe(6)
    expect(sent.errors).toMatch(
      /^tamtam: vm\.img: it is being changed while it is sent; send a copy of it \(FILE_CHANGED\)$/m,
    )
    expect((await filesOf(port)).filter(({ status }) => status === 'whole').map(({ name }) => name)).toEqual(['z'])
  })

  it.runIf(process.platform === 'linux')('as it is read where its size says nothing, as in /proc', async () => {
    const { at, port } = await hostForVerbs()
    const sent = await CliProcess.run(['send', at, '/proc/version', '/proc/uptime', '/proc/self/status'])
    expect(sent.code).toBe(0)
    const files = new Map((await filesOf(port)).map((file) => [file.name, file]))
    expect(files.get('version')?.sha256).toBe(sha256Of(await readFile('/proc/version')))
    for (const name of ['uptime', 'status']) expect([name, (files.get(name)?.size ?? 0) > 0]).toEqual([name, true])
  })

  it('from a pipe with a name, from one without, and from standard input under each of its names', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    expect(spawnSync('mkfifo', [join(cwd, 'pipe')]).status).toBe(0)
    const by = (script: string) => ({ cwd, command: ['bash', '-c', script, 'bash'] })
    // Until its writer is there, which the shell has only begun to start, it is refused.
    const named = await CliProcess.run(
      ['send', at, 'pipe'],
      by('head -c 300000 /dev/zero > pipe & until "$@"; do :; done'),
    )
    expect(named.code).toBe(0)
    const unnamed = await CliProcess.run(['send', at, '--name', 'satu'], by('exec "$@" <(echo halo)'))
    expect(unnamed.code).toBe(0)
    const empty = await CliProcess.run(['send', at, '--name', 'kosong'], by('exec "$@" <(true)'))
    expect(empty.code).toBe(0)
    for (const path of ['-', '/dev/stdin', '/dev/fd/0'])
      expect((await CliProcess.run(['send', at, path, '--name', `dari ${path}`], { input: 'dua' })).code).toBe(0)
    expect((await filesOf(port)).map(({ name, size }) => [name, size]).sort()).toEqual([
      ['0', 3],
      ['dari -', 3],
      ['kosong', 0],
      ['pipe', 300_000],
      ['satu', 5],
      ['stdin', 3],
    ])
  })
})

describe('standard input', () => {
  it.each([[['say', 'AT']], [['send', 'AT', '-']], [['join', 'AT']], [['import', '-', '--data', 'new']]])(
    'that is a folder is no empty one: %j',
    async (args) => {
      const { at, port } = await hostForVerbs()
      const typed = args.map((word) => (word === 'AT' ? at : word))
      const cwd = await temporaryDirectory()
      const ended = await CliProcess.run(typed, { cwd, command: ['sh', '-c', 'exec "$0" "$@" </'] })
      expect([ended.code, ended.errors]).toEqual([5, 'tamtam: standard input is a folder; give a file, or a pipe\n'])
      expect(await filesOf(port)).toEqual([])
    },
  )
})

describe('names on the disk', () => {
  /** As old disks have them: in Latin-1. */
  const latin = (folder: string, text: string) =>
    Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(text, 'latin1')])

  it.runIf(process.platform === 'linux')('that are no UTF-8 go too, each under a name of its own', async () => {
    const { at } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    await mkdir(join(cwd, 'old'))
    await writeFile(join(cwd, 'old', 'caf%E9.txt'), '1')
    await writeFile(latin(join(cwd, 'old'), 'café.txt'), '22')
    await writeFile(latin(join(cwd, 'old'), 'cafè.txt'), '333')
    await mkdir(latin(join(cwd, 'old'), 'ÿ'))
    await writeFile(latin(join(cwd, 'old'), 'ÿ/ü'), '4444')
    const sent = await CliProcess.run(['send', at, 'old'], { cwd })
    expect(sent.code).toBe(0)
    expect((await CliProcess.run(['get', at, 'old/', '-o', 'got'], { cwd })).code).toBe(0)
    const read = (name: string) => readFile(join(cwd, 'got', name), 'utf8')
    const names = ['caf%E9.txt', 'caf%E9 (2).txt', 'caf%E8.txt', '%FF/%FC']
    expect(await Promise.all(names.map(read))).toEqual(['1', '22', '333', '4444'])
  })

  it('in a folder that can not travel are named, and all else goes', async () => {
    const { at } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    await mkdir(join(cwd, 'old', 'aux'), { recursive: true })
    for (const name of ['good', 'a\\b\n.txt', 'aux/x', 'dot.']) await writeFile(join(cwd, 'old', name), name)
    const sent = await CliProcess.run(['send', at, 'old', '--json'], { cwd })
    expect(sent.code).toBe(6)
    expect(sent.said).toMatchObject([
      {
        type: 'sent',
        name: 'old',
        folder: { files: 1, bytes: 4 },
        skipped: [{ path: 'a\\b\n.txt' }, { path: 'aux' }, { path: 'dot.' }],
      },
    ])
    expect(sent.errors).toContain('not sent: a\\b␊.txt: a backslash separates on other systems; rename it\n')
    expect(sent.errors).not.toContain('go on with')
    await CliProcess.run(['get', at, 'old', '-o', 'got'], { cwd })
    expect(await readdir(join(cwd, 'got'))).toEqual(['good'])
  })

  it('in a folder of which nothing can travel make it none', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    await mkdir(join(cwd, 'empty'))
    const sent = await CliProcess.run(['send', at, 'empty'], { cwd })
    expect([sent.code, sent.errors]).toEqual([5, 'tamtam: empty: there is nothing in it to send\n'])
    expect(await filesOf(port)).toEqual([])
  })

  it.runIf(process.platform === 'linux')('may be typed whatever they are', async () => {
    const { at, port } = await hostForVerbs()
    const cwd = await temporaryDirectory()
    await writeFile(latin(cwd, 'café.txt'), '22')
    await writeFile(latin(cwd, 'cafè.txt'), '333')
    await writeFile(join(cwd, '-rf'), '4444')
    await writeFile(join(cwd, ' '), '55555')
    const by = (args: string) => ({ cwd, command: ['bash', '-c', `exec "$@" ${args}`, 'bash'] })
    // Both look alike to a program in Node.
    const one = await CliProcess.run(['send', at], by(`$'caf\\xe9.txt'`))
    expect(one.code).toBe(0)
    expect((await filesOf(port)).map(({ name, size }) => [size, name])).toEqual([[2, 'caf%E9.txt']])
    const all = await CliProcess.run(['send', at], by(`caf*.txt ./-rf ' '`))
    expect(all.code).toBe(0)
    expect((await filesOf(port)).map(({ size }) => size).sort()).toEqual([2, 3, 4, 5])
    const gone = await CliProcess.run(['send', at], by(`$'caf\\xea.txt'`))
    expect(gone).toMatchObject({ code: 5, errors: expect.stringMatching(/no such file or folder\n$/) })
  })
})
