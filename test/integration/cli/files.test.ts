import { spawnSync } from 'node:child_process'
import { link, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { CliProcess, folderWith, haltingWay, hostForVerbs } from '../../harness/cli-process.ts'
import { filesOf } from '../../harness/files.ts'
import { enter } from '../../harness/host-process.ts'

/** What stands in a block of a guide, each line as it would be typed. */
const blockOf = async (path: string, line: string): Promise<readonly string[]> => {
  const blocks = (await readFile(path, 'utf8')).split(/^```\w*$/m)
  return (blocks.find((block) => block.includes(line)) ?? '').trim().split('\n')
}

it('the first guide sends and gets as it stands', async () => {
  const { port } = await hostForVerbs()
  const { cwd, bytes, read } = await folderWith('big.iso', 100_000)
  const typed = await blockOf('docs/start/first-room.md', 'big.iso')
  const [last = '', ...before] = typed.toReversed()
  const type = (line: string, folder: string) => {
    expect(line).toMatch(/^npm start -- (?:send|get) /)
    const words = line.replace('npm start -- ', '').replace('127.0.0.1', `127.0.0.1:${port}`)
    return CliProcess.run(words.split(' '), { cwd: folder })
  }
  expect(before.length).toBe(2)
  for (const line of before.toReversed()) expect(await type(line, join(cwd, 'sent'))).toMatchObject({ code: 0 })
  expect((await filesOf(port)).length).toBe(1)
  expect(await type(last, cwd)).toMatchObject({ code: 0 })
  expect(bytes.equals(await read('big.iso'))).toBe(true)
})

describe('tamtam send and get', () => {
  it('bring a file over exactly, say where it is, and what became of it', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, digest, read } = await folderWith('talk.pdf', 3_000_001)
    const sent = await CliProcess.run(['send', at, path], { cwd })
    expect(sent.code).toBe(0)
    const [file] = await filesOf(port)
    expect(file).toMatchObject({ name: 'talk.pdf', size: 3_000_001, sha256: digest, status: 'whole' })
    expect(sent.out.toString()).toBe(`http://${at}/files/${file?.id}/talk.pdf\n`)
    const lines = sent.errors.trimEnd().split('\n')
    expect(lines[0]).toBe('sending talk.pdf 3 MB')
    const tenths = lines.slice(1, -1).map((line) => /^talk\.pdf {2}(\d)\d% {2}\d\.\d\/3 MB/.exec(line)?.[1])
    expect(tenths).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
    expect(lines.at(-1)).toMatch(new RegExp(`^sent talk\\.pdf 3 MB in \\d+\\.\\ds sha256 ${digest.slice(0, 4)}…$`))
    const got = await CliProcess.run(['get', at, 'talk.pdf'], { cwd })
    expect(got).toMatchObject({ code: 0, out: Buffer.from('talk.pdf\n') })
    expect(got.errors).toMatch(/got talk\.pdf 3 MB in \d+\.\ds sha256 [0-9a-f]{4}… verified\n$/)
    expect(bytes.equals(await read('talk.pdf'))).toBe(true)
    expect((await filesOf(port))[0]?.verified).toBe(1)
  })

  it('take the link, the beginning of the id, and without a name the newest file', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, read } = await folderWith('a.bin', 1000)
    await CliProcess.run(['send', at, '--name', 'old', path], { cwd })
    const link = (await CliProcess.run(['send', `${at}/lab`, path], { cwd })).out.toString().trim()
    await CliProcess.run(['send', at, '--name', 'new', path], { cwd })
    const old = (await filesOf(port)).find(({ name }) => name === 'old')
    expect((await CliProcess.run(['get', link], { cwd })).out.toString()).toBe('a.bin\n')
    expect(await CliProcess.run(['get', at, old?.id.slice(0, 8) ?? ''], { cwd })).toMatchObject({
      code: 0,
      errors: expect.stringContaining('verified'),
      out: Buffer.from('old\n'),
    })
    expect(await CliProcess.run(['get', at], { cwd })).toMatchObject({ code: 0, out: Buffer.from('new\n') })
    for (const name of ['a.bin', 'old', 'new']) expect(bytes.equals(await read(name))).toBe(true)
  })

  it.each([0, 1, 5_000_003])('pass %i bytes from pipe to pipe', async (size) => {
    const { at } = await hostForVerbs()
    const { bytes, digest } = await folderWith('unused', size)
    const sent = await CliProcess.run(['send', at, '-', '--name', 'pipa', '--json'], { input: bytes })
    expect(sent).toMatchObject({ code: 0 })
    expect(sent.said).toMatchObject([{ v: 1, type: 'sent', name: 'pipa', size, sha256: digest }])
    const got = await CliProcess.run(['get', at, 'pipa', '-o', '-', '--quiet'])
    expect([got.code, got.errors]).toEqual([0, ''])
    expect(sha256Of(got.out)).toBe(digest)
  })

  it('C52 C53 never overwrite, and open nothing that lies there', async () => {
    const { at } = await hostForVerbs()
    const { cwd, path, bytes, read } = await folderWith('a.bin', 10)
    await CliProcess.run(['send', at, path])
    await writeFile(join(cwd, 'a.bin'), 'mine')
    await link(join(cwd, 'a.bin'), join(cwd, 'a (2).bin'))
    expect(spawnSync('mkfifo', [join(cwd, 'a (3).bin')]).status).toBe(0)
    expect((await CliProcess.run(['get', at, 'a.bin'], { cwd })).out.toString()).toBe('a (4).bin\n')
    expect(await CliProcess.run(['get', at, 'a.bin', '--overwrite'], { cwd })).toMatchObject({ code: 2 })
    const refused = await CliProcess.run(['get', at, 'a.bin', '-o', 'a.bin'], { cwd })
    expect(refused).toMatchObject({
      code: 8,
      errors: 'tamtam: a.bin: a.bin exists, and nothing is overwritten (EXISTS)\n',
    })
    expect((await read('a.bin')).toString()).toBe('mine')
    expect(bytes.equals(await read('a (4).bin'))).toBe(true)
    expect((await stat(join(cwd, 'a (4).bin'))).mode & 0o777).toBe(0o666 & ~process.umask())
    const numbers = [' (2)', ' (3)', ' (4)', ''].map((number) => `a${number}.bin`)
    expect((await readdir(cwd)).sort()).toEqual([...numbers, 'sent'])
  })

  it('C51 write through no link that lies where the part would be', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, read } = await folderWith('a.bin', 10)
    await CliProcess.run(['send', at, path])
    await writeFile(join(cwd, 'precious'), 'mine')
    const [file] = await filesOf(port)
    await symlink('precious', join(cwd, `a.bin.${file?.id.slice(0, 8)}.part`))
    expect((await CliProcess.run(['get', at], { cwd })).code).toBe(0)
    expect((await read('precious')).toString()).toBe('mine')
    expect(bytes.equals(await read('a.bin'))).toBe(true)
  })

  it('follow a file that is still arriving to its end', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, read } = await folderWith('a.bin', 2_000_000)
    const halting = await haltingWay(port, 'up', 1_000_000)
    const sending = new CliProcess(['send', halting.at, path])
    await sending.until('the middle', halting.isHalted)
    const getting = new CliProcess(['get', at], { cwd })
    await getting.until('its beginning', () => getting.errors.includes('getting a.bin'))
    halting.goOn()
    expect((await getting.ended()).code).toBe(0)
    expect(bytes.equals(await read('a.bin'))).toBe(true)
    expect((await sending.ended()).code).toBe(0)
  })

  it('leave out a file whose sender is away, unless it is named', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path } = await folderWith('a.bin', 2_000_000)
    const halting = await haltingWay(port, 'up', 500_000)
    const cut = new CliProcess(['send', halting.at, path])
    await cut.until('the middle', halting.isHalted)
    await cut.kill()
    halting.mend()
    await cut.until('the cut', async () => (await filesOf(port))[0]?.status === 'paused')
    expect(await CliProcess.run(['get', at], { cwd })).toMatchObject({ code: 5 })
    expect(await CliProcess.run(['get', at, '--all'], { cwd })).toMatchObject({ code: 0, errors: '' })
    const named = new CliProcess(['get', at, 'a.bin'], { cwd })
    await named.until('its beginning', () => named.errors.includes('getting a.bin'))
    expect((await CliProcess.run(['send', at, path])).code).toBe(0)
    expect((await named.ended()).code).toBe(0)
  })

  it('go on when nobody reads what they print any more', async () => {
    const { at, port } = await hostForVerbs()
    const { path } = await folderWith('a.bin', 100_000)
    const sending = new CliProcess(['send', at, path, path, '--limit', '200k', '--quiet'])
    sending.child.stdout?.destroy()
    expect(await sending.ended()).toMatchObject({ code: 0, errors: '' })
    expect(await filesOf(port)).toHaveLength(1)
    const halting = await haltingWay(port, 'down', 50_000)
    const getting = new CliProcess(['get', halting.at, '-o', '-', '--quiet'])
    await getting.until('some bytes', () => halting.isHalted() && getting.bytes > 0)
    getting.child.stdout?.destroy()
    halting.goOn()
    expect(await getting.ended()).toMatchObject({ code: 1, errors: expect.stringContaining('EPIPE') })
  })

  it('finish at once what the room has already', async () => {
    const { at, port } = await hostForVerbs()
    const { path } = await folderWith('a.bin', 3_000_000)
    await CliProcess.run(['send', at, path])
    const again = await CliProcess.run(['send', at, path])
    expect(again.code).toBe(0)
    expect(again.errors).toMatch(/^already there: a\.bin/)
    expect(await filesOf(port)).toHaveLength(1)
  })

  it('tell who has verified it, and wait for all of them when asked to', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path } = await folderWith('a.bin', 1000)
    const budi = await enter(port, 'budi')
    const waiting = new CliProcess(['send', at, path, '--wait', '--json'])
    await waiting.until('the file', async () => (await filesOf(port))[0]?.status === 'whole')
    expect((await CliProcess.run(['get', `cici@${at}`], { cwd })).code).toBe(0)
    expect(waiting.lines).toEqual([])
    budi.write('/quit\n')
    const sent = await waiting.ended()
    expect(sent.code).toBe(0)
    expect(sent.said).toMatchObject([{ verified: ['cici'], waiting: [] }])
    expect(sent.errors).toMatch(/ verified 1\/1\n$/)
  })

  it('are called as the address says, and a token goes along without being seen (C121)', async () => {
    const { at, port } = await hostForVerbs()
    const { path } = await folderWith('a.bin', 10)
    await CliProcess.run(['send', `ani@${at}`, path])
    expect((await filesOf(port))[0]).toMatchObject({ by: expect.anything() })
    const env = { TAMTAM_TOKEN: 'rahasia-besar' }
    const listed = await CliProcess.run(['ls', `${at}/lobby`], { env })
    expect(listed.code).toBe(0)
    expect(listed.out.toString()).toContain('from ani')
    const both = await CliProcess.run(['ls', `ani@${at}`], { env })
    expect(both.code).toBe(0)
    const cut = await CliProcess.run(['send', '127.0.0.1:1', path], { env })
    for (const { out, errors } of [listed, both, cut]) expect(out + errors).not.toContain('rahasia-besar')
  })
})
