import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CliProcess, folderWith, haltingWay, hostForVerbs } from '../../harness/cli-process.ts'
import { run } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { MAIN, NODE } from '../../harness/program.ts'
import { canTrace } from '../storage/disk/strace.ts'

/** Nobody is through before all have begun. */
const halfWay = (port: number, direction: 'up' | 'down' = 'down') => haltingWay(port, direction, 300_000)

describe('two at once', () => {
  it('that get one file into one folder have a part each, and it is there once; whoever comes after one that was killed cleans up', async () => {
    const { at, port } = await hostForVerbs()
    const { path, bytes } = await folderWith('besar.bin', 600_000)
    await CliProcess.run(['send', at, path])
    const cwd = await temporaryDirectory()
    const parts = async () => (await readdir(cwd)).filter((name) => name.endsWith('.part'))
    const ways = [await halfWay(port), await halfWay(port), await halfWay(port)] as const
    const [killed, ...both] = ways.map((way) => new CliProcess(['get', way.at, 'besar.bin'], { cwd })) as [
      CliProcess,
      CliProcess,
      CliProcess,
    ]
    await killed.until('a part each', async () => (await parts()).length === 3)
    await killed.until('some of it', () => /[1-9]\d%/.test(killed.errors))
    await killed.kill()
    for (const { mend } of ways) mend()
    const ended = await Promise.all(both.map((verb) => verb.ended()))
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    expect(ended.map(({ out }) => out.toString())).toEqual(['besar.bin\n', 'besar.bin\n'])
    expect(ended.map(({ errors }) => /already here: besar\.bin/.test(errors)).toSorted()).toEqual([false, true])
    expect(await parts()).toHaveLength(1)
    const after = await CliProcess.run(['get', at, 'besar.bin'], { cwd })
    expect(after).toMatchObject({ code: 0, out: Buffer.from('besar.bin\n') })
    expect(after.errors).toMatch(/^already here: besar\.bin/)
    expect(await readdir(cwd)).toEqual(['besar.bin'])
    expect(bytes.equals(await readFile(join(cwd, 'besar.bin')))).toBe(true)
  })

  it('after one that was killed go on with its part', async () => {
    const { at, port } = await hostForVerbs()
    const { path, bytes } = await folderWith('besar.bin', 600_000)
    await CliProcess.run(['send', at, path])
    const cwd = await temporaryDirectory()
    const way = await halfWay(port)
    const killed = new CliProcess(['get', way.at, 'besar.bin'], { cwd })
    await killed.until('some of it', () => /[1-9]\d%/.test(killed.errors))
    await killed.kill()
    const after = await CliProcess.run(['get', at, 'besar.bin'], { cwd })
    expect(after).toMatchObject({ code: 0, out: Buffer.from('besar.bin\n') })
    expect(after.errors).toMatch(/besar\.bin {2}[1-9]\d% /)
    expect(await readdir(cwd)).toEqual(['besar.bin'])
    expect(bytes.equals(await readFile(join(cwd, 'besar.bin')))).toBe(true)
  })

  it('C110: that send the same bytes end well, and the room has them', async () => {
    const { at, port } = await hostForVerbs()
    const { cwd, path, bytes, digest } = await folderWith('sama.bin', 600_000)
    const ways = [await halfWay(port, 'up'), await halfWay(port, 'up')]
    const both = ways.map((way) => new CliProcess(['send', way.at, path], { cwd }))
    await both[0]?.until('the middle of each', () => ways.every(({ isHalted }) => isHalted()))
    for (const { mend } of ways) mend()
    const ended = await Promise.all(both.map((verb) => verb.ended()))
    expect(ended.map(({ code, errors }) => [code, /(?:sent|already there:) sama\.bin/.test(errors)])).toEqual([
      [0, true],
      [0, true],
    ])
    const files = await filesOf(port)
    expect(files.map(({ status, sha256 }) => [status, sha256])).toContainEqual(['whole', digest])
    expect(files.filter(({ status }) => status !== 'whole')).toEqual([])
    await CliProcess.run(['get', at, 'sama.bin'], { cwd })
    expect(bytes.equals(await readFile(join(cwd, 'sama.bin')))).toBe(true)
  })
})

it.runIf(canTrace())('where a file can have one name only, what was got has its name all the same', async () => {
  const { at } = await hostForVerbs()
  const { cwd, path, bytes } = await folderWith('a.bin', 100_000)
  await CliProcess.run(['send', at, path])
  const save = join(cwd, 'usb')
  const node = [...NODE, MAIN, 'get', at, 'a.bin', '--save', save]
  const noLinks = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=link,linkat', '-e', 'inject=link,linkat:error=EPERM']
  for (const name of ['a.bin', 'a (2).bin']) {
    if (name !== 'a.bin') await writeFile(join(save, 'a.bin'), 'mine')
    const got = await run('strace', [...noLinks, ...node])
    expect([got.code, got.stdout.toString()]).toEqual([0, `${join(save, name)}\n`])
    expect(bytes.equals(await readFile(join(save, name)))).toBe(true)
  }
  expect(await readdir(save)).toHaveLength(2)
})
