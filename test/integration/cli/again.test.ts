import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { CliProcess, folderWith, hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { canBeUnderRights, underRights } from '../../harness/other-user.ts'

async function roomWith(files: readonly (readonly [name: string, text: string])[]) {
  const { at, port } = await hostForVerbs()
  for (const [name, text] of files) await putFile(port, name, text)
  const cwd = await temporaryDirectory()
  const get = (...args: string[]) => CliProcess.run(['get', at, ...args], { cwd })
  const here = async () => {
    const names = (await readdir(cwd)).sort()
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await text(name)])))
  }
  const text = (name: string) => readFile(join(cwd, name), 'utf8')
  return { at, port, cwd, get, here }
}

describe('a second get', () => {
  it('brings what is missing, and says what is here, also behind the prefix of older versions', async () => {
    const { port, get, here } = await roomWith([
      ['a', 'satu'],
      ['b', 'dua'],
    ])
    expect((await get('--all', '--prefix', 'terima_')).code).toBe(0)
    await putFile(port, 'c', 'tiga')
    const again = await get('--all', '--json')
    expect(again.code).toBe(0)
    expect(again.said.map(({ type, name, already }) => [type, name, already])).toEqual([
      ['got', 'c', undefined],
      ['got', 'b', true],
      ['got', 'a', true],
    ])
    expect(again.errors).toMatch(/^already here: b 3 B sha256 [0-9a-f]{4}… verified$/m)
    expect(again.errors).toMatch(/got 1 of 3 files, 2 were there already\n$/)
    expect(await here()).toEqual({ terima_a: 'satu', terima_b: 'dua', c: 'tiga' })
    const id = (await filesOf(port)).find(({ name }) => name === 'a')?.id ?? ''
    for (const word of ['a', id.slice(0, 8)]) expect((await get(word)).out.toString()).toBe('terima_a\n')
    expect(Object.keys(await here())).toHaveLength(3)
  })

  it('leaves what was changed here as it is, and brings the other beside it, once', async () => {
    const { cwd, get, here } = await roomWith([['a.txt', 'theirs']])
    await get('--all')
    await writeFile(join(cwd, 'a.txt'), 'mine, now')
    for (const _ of [1, 2, 3]) {
      expect(await get('--all')).toMatchObject({ code: 0, out: Buffer.from('a (2).txt\n') })
      expect(await here()).toEqual({ 'a.txt': 'mine, now', 'a (2).txt': 'theirs' })
    }
  })

  it('knows files of one name apart, and what was taken away comes back', async () => {
    const { cwd, get, here } = await roomWith([
      ['a', 'first'],
      ['a', 'secnd'],
      ['A', 'third'],
    ])
    await get('--all')
    const all = await here()
    expect(Object.values(all).sort()).toEqual(['first', 'secnd', 'third'])
    await get('--all')
    expect(await here()).toEqual(all)
    const [some = ''] = Object.keys(all)
    await rm(join(cwd, some))
    await get('--all')
    expect(await here()).toEqual(all)
  })

  it('goes on where one was killed, beside another one too, and there is nothing twice', async () => {
    const { at, port, cwd, here } = await roomWith([['a', 'satu']])
    const big = 'x'.repeat(600_000)
    await putFile(port, 'big', big)
    await putFile(port, 'c', 'tiga')
    const killed = new CliProcess(['get', at, '--all', '--limit', '300k'], { cwd })
    await killed.until('some of it', () => /big {2}[1-9]\d%/.test(killed.errors))
    await killed.kill()
    expect((await readdir(cwd)).filter((name) => name.endsWith('.part'))).toHaveLength(1)
    const both = await Promise.all([1, 2].map(() => CliProcess.run(['get', at, '--all'], { cwd })))
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(await here()).toEqual({ a: 'satu', big, c: 'tiga' })
  })

  it('opens nothing but plain files to see what they are (C51, C53)', async () => {
    const { cwd, get } = await roomWith([['a', 'satu']])
    await writeFile(join(cwd, 'elsewhere'), 'satu')
    await symlink('elsewhere', join(cwd, 'a'))
    expect(spawnSync('mkfifo', [join(cwd, 'a (2)')]).status).toBe(0)
    expect((await get('a')).out.toString()).toBe('a (3)\n')
  })

  it('-o is content with the same file, and with no other', async () => {
    const { get, here } = await roomWith([
      ['a', 'satu'],
      ['b', 'dua'],
    ])
    expect((await get('a', '-o', 'x')).code).toBe(0)
    const again = await get('a', '-o', 'x')
    expect([again.code, again.out.toString()]).toEqual([0, 'x\n'])
    expect(again.errors).toMatch(/^already here: a 4 B/)
    expect((await get('b', '-o', 'x')).code).toBe(8)
    expect(await here()).toEqual({ x: 'satu' })
  })
})

describe('-o', () => {
  it('writes into a device, a pipe, and standard output under each of its names, and puts nothing in their place', async () => {
    const { at } = await hostForVerbs()
    const { cwd, digest } = await folderWith('a.bin', 300_000)
    await CliProcess.run(['send', at, 'sent/a.bin'], { cwd })
    const by = (script: string) => ({ cwd, command: ['bash', '-c', script, 'bash'] })
    expect(await CliProcess.run(['get', at, '-o', '/dev/null'], { cwd })).toMatchObject({ code: 0 })
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
    for (const path of ['-', '/dev/stdout', '/dev/fd/1']) {
      const got = await CliProcess.run(['get', at, '--quiet', '-o', path], { cwd })
      expect([path, got.code, sha256Of(got.out)]).toEqual([path, 0, digest])
    }
    expect((await CliProcess.run(['get', at, '-o', '/dev/stdout'], by('exec "$@" > copy'))).code).toBe(0)
    expect(sha256Of(await readFile(join(cwd, 'copy')))).toBe(digest)
    expect(spawnSync('mkfifo', [join(cwd, 'pipe')]).status).toBe(0)
    const piped = await CliProcess.run(
      ['get', at, '--json', '-o', 'pipe'],
      by('cat pipe > there & "$@"; code=$?; wait; exit $code'),
    )
    expect(piped.code).toBe(0)
    expect(piped.said).toMatchObject([{ type: 'got', path: 'pipe', sha256: digest }])
    expect(sha256Of(await readFile(join(cwd, 'there')))).toBe(digest)
    expect((await stat(join(cwd, 'pipe'))).isFIFO()).toBe(true)
  })

  it('takes a name as long as the disk does, and goes on under it', async () => {
    const { at } = await hostForVerbs()
    const { cwd, bytes } = await folderWith('a.bin', 600_000)
    await CliProcess.run(['send', at, 'sent/a.bin'], { cwd })
    const save = await temporaryDirectory()
    const name = 'é'.repeat(127)
    const cut = new CliProcess(['get', at, '-o', name, '--limit', '300k'], { cwd: save })
    await cut.until('some of it', () => /[1-9]\d%/.test(cut.errors))
    await cut.kill()
    const got = await CliProcess.run(['get', at, '-o', name], { cwd: save })
    expect(got.code).toBe(0)
    expect(got.errors).toContain('resumes at')
    expect(await readdir(save)).toEqual([name])
    expect(bytes.equals(await readFile(join(save, name)))).toBe(true)
  })
})

describe('what is saved', () => {
  it.each([
    ['022', 0o644, 0o755],
    ['077', 0o600, 0o700],
    ['002', 0o664, 0o775],
  ])('under the umask %s has the rights that it leaves', async (umask, file, folder) => {
    const { at, cwd } = await roomWith([['a', 'satu']])
    const command = ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh']
    for (const args of [
      ['--save', 'in'],
      ['-o', 'there/b'],
    ])
      expect((await CliProcess.run(['get', at, 'a', ...args], { cwd, command })).code).toBe(0)
    const modeOf = async (path: string) => (await stat(join(cwd, path))).mode & 0o777
    expect([await modeOf('in/a'), await modeOf('there/b')]).toEqual([file, file])
    expect([await modeOf('in'), await modeOf('there')]).toEqual([folder, folder])
  })

  it('has them also where it was begun under another umask, by a version that saved it behind a prefix', async () => {
    const { at, cwd, port } = await roomWith([['a', 'satu']])
    const id = (await filesOf(port))[0]?.id.slice(0, 8)
    await writeFile(join(cwd, `terima_a.${id}.part`), 'sa', { mode: 0o600 })
    const command = ['sh', '-c', 'umask 022; exec "$@"', 'sh']
    const got = await CliProcess.run(['get', at, 'a'], { cwd, command })
    expect(got).toMatchObject({ code: 0, errors: expect.stringContaining('resumes at 50 %') })
    expect(await readdir(cwd)).toEqual(['a'])
    expect((await stat(join(cwd, 'a'))).mode & 0o777).toBe(0o644)
  })
})

describe('a place that takes no files', () => {
  it('is named, with what to do, once', async () => {
    const { at, cwd } = await roomWith([
      ['a', 'satu'],
      ['b', 'dua'],
    ])
    await writeFile(join(cwd, 'file'), 'mine')
    for (const [save, why] of [
      ['file', 'it is a file, and no folder'],
      ['file/in', 'something in this path is a file, and no folder'],
    ] as const) {
      const got = await CliProcess.run(['get', at, '--all', '--save', save], { cwd })
      expect(got).toMatchObject({
        code: 8,
        errors: `tamtam: nothing can be saved in ${save}: ${why}; --save names another folder\n`,
      })
    }
    await mkdir(join(cwd, 'folder'))
    const got = await CliProcess.run(['get', at, 'a', '-o', 'folder'], { cwd })
    expect(got).toMatchObject({ code: 8, errors: 'tamtam: a: folder is a folder; --save takes folders (EXISTS)\n' })
  })

  it.runIf(canBeUnderRights())('because one has no right to it is named likewise', async () => {
    const { at, cwd } = await roomWith([
      ['a', 'satu'],
      ['b', 'dua'],
    ])
    await chmod(cwd, 0o755)
    await mkdir(join(cwd, 'shut'), { mode: 0o555 })
    for (const args of [
      ['--all', '--save', 'shut'],
      ['a', '-o', 'shut/x'],
    ]) {
      const got = await CliProcess.run(['get', at, ...args], { cwd, ...underRights })
      expect(got).toMatchObject({
        code: 4,
        errors: 'tamtam: nothing can be saved in shut: you have no right to write there; --save names another folder\n',
      })
    }
  })
})
