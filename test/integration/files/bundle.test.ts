import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTamtam } from '#app/index.ts'
import { CliProcess } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { bareEnv, HostProcess } from '../../harness/host-process.ts'
import { until } from '../../harness/patience.ts'
import { MAIN, NODE } from '../../harness/program.ts'
import { smallDisk } from '../../harness/small-disk.ts'

/** A data directory in which people have talked, and sent a file of so many bytes. */
async function lived(name: string, fileBytes: number): Promise<string> {
  const data = join(await temporaryDirectory(), name)
  const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0 })
  await tamtam.start()
  const member = await tamtam.engine.join({ room: 'lobby', name })
  await member.send({ type: 'say', text: `halo from ${name}` })
  await member.send({ type: 'say', text: `and again from ${name}` })
  const bytes = Buffer.alloc(fileBytes, name)
  const source = (async function* () {
    for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20))
  })()
  await member.upload(source, { name: `${name}.bin`, size: bytes.length }).done
  await tamtam.stop()
  return data
}

/** What somebody who joins is shown. */
async function told(data: string) {
  const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0 })
  await tamtam.start()
  const member = await tamtam.engine.join({ room: 'lobby', name: 'reader', after: 0 })
  const entries = await member.read(0, 1000)
  const texts = entries.flatMap((entry) => (entry.type === 'said' ? [entry.text] : []))
  const files: Record<string, string> = {}
  for (const { file } of member.files) {
    const digest = createHash('sha256')
    for await (const piece of member.download(file.id)) digest.update(piece)
    files[file.name] = digest.digest('hex')
  }
  await tamtam.stop()
  return { texts, files }
}

const run = (...args: string[]) => CliProcess.run(args)

test('two hosts without a network are carried together, by file and by pipe, and once is enough', async () => {
  const [ani, budi] = [await lived('ani', 3_000_000), await lived('budi', 70_000)]
  const bundle = join(await temporaryDirectory(), 'ani.tar')
  expect(await run('export', '--data', ani, bundle)).toMatchObject({ code: 0 })
  expect((await readdir(join(bundle, '..'))).toSorted()).toEqual(['ani.tar'])
  expect(await run('import', '--data', budi, bundle)).toMatchObject({ code: 0 })
  const piped = await run('export', '--data', budi, '-')
  expect(piped.code).toBe(0)
  const back = await CliProcess.run(['import', '--data', ani, '--json', '-'], { input: piped.out })
  expect(back.said).toEqual([{ v: 1, type: 'imported', rooms: 1, messages: 2, files: 1 }])
  const again = await CliProcess.run(['import', '--data', ani, '--json', '-'], { input: piped.out })
  expect(again.said).toEqual([{ v: 1, type: 'imported', rooms: 0, messages: 0, files: 0 }])
  const [one, two] = [await told(ani), await told(budi)]
  expect(one.texts.toSorted()).toEqual(two.texts.toSorted())
  expect(one.texts).toHaveLength(4)
  expect(Object.keys(one.files).toSorted()).toEqual(['ani.bin', 'budi.bin'])
  expect(two.files).toEqual(one.files)
})

test('C115: a file for one person is theirs after it has travelled too, and nobody else\u2019s', async () => {
  const before = join(await temporaryDirectory(), 'before')
  const first = createTamtam({ data: before, freeSpaceFloorBytes: 0 })
  await first.start()
  const ani = await first.engine.join({ room: 'lobby', name: 'ani' })
  await first.engine.join({ room: 'lobby', name: 'budi', member: 'b1' })
  const source = (async function* () {
    yield Buffer.from('surat')
  })()
  await ani.upload(source, { name: 'surat.txt', to: 'budi' }).done
  await first.stop()
  const { out } = await run('export', '--data', before, '-')
  expect(await CliProcess.run(['import', '--data', `${before}-new`, '-'], { input: out })).toMatchObject({ code: 0 })
  expect(await told(`${before}-new`)).toEqual({ texts: [], files: {} })
  const second = createTamtam({ data: `${before}-new`, freeSpaceFloorBytes: 0 })
  await second.start()
  const budi = await second.engine.join({ room: 'lobby', name: 'budi', member: 'b1' })
  expect(budi.files).toMatchObject([{ status: 'whole', file: { name: 'surat.txt', audience: { to: { id: 'b1' } } } }])
  await second.stop()
})

test('an export that was killed is in the way of no other; a place that takes none is named', async () => {
  const data = await lived('ani', 1000)
  const folder = await temporaryDirectory()
  const bundle = join(folder, 'ani.tar')
  // No system gives a process such a number.
  await writeFile(`${bundle}.2147483646-abc-0000.part`, 'half')
  expect(await run('export', '--data', data, bundle)).toMatchObject({ code: 0 })
  expect(await readdir(folder)).toEqual(['ani.tar'])
  const nowhere = join(data, 'none', 'a.tar')
  expect(await run('export', '--data', data, nowhere)).toMatchObject({
    code: 5,
    errors: expect.stringContaining(`${nowhere}: there is no such file or folder`),
  })
  expect(await run('import', '--data', data, data)).toMatchObject({
    code: 5,
    errors: expect.stringContaining(`${data}: it is a folder, and no bundle`),
  })
})

test('an export never writes over a file, and a host that runs keeps its data to itself', async () => {
  const data = await lived('ani', 1000)
  const bundle = join(await temporaryDirectory(), 'a.tar')
  await writeFile(bundle, 'mine')
  expect(await run('export', '--data', data, bundle)).toMatchObject({ code: 8 })
  expect(await readFile(bundle, 'utf8')).toBe('mine')
  expect(await run('export', '--data', data, '--room', 'yard', '-')).toMatchObject({ code: 5 })
  const { host } = await HostProcess.start(['--data', data])
  for (const verb of ['export', 'import'])
    expect(await run(verb, '--data', data, bundle)).toMatchObject({ code: 75, errors: /in use by tamtam pid/ })
  await host.stop()
})

test('tokens, keys and passwords do not travel', async () => {
  const data = await lived('ani', 1000)
  await mkdir(join(data, 'keys'), { recursive: true })
  for (const name of ['token', 'keys/secret']) await writeFile(join(data, name), 'TOP-SECRET-TOKEN')
  const { out } = await run('export', '--data', data, '-')
  expect(out.length).toBeGreaterThan(1000)
  expect(out.includes('TOP-SECRET-TOKEN')).toBe(false)
})

test('a file whose bytes have rotted stays behind, and that is told', async () => {
  const data = await lived('ani', 100_000)
  const [name] = await readdir(join(data, 'files'))
  await truncate(join(data, 'files', name!), 99_999)
  const bundle = join(await temporaryDirectory(), 'a.tar')
  const ended = await run('export', '--data', data, bundle)
  expect(ended).toMatchObject({ code: 7 })
  expect(ended.errors).toContain('left out ani.bin of lobby')
  expect(await run('import', '--data', `${data}-new`, bundle)).toMatchObject({ code: 0 })
  expect(await told(`${data}-new`)).toMatchObject({ files: {} })
})

test('kill -9 while an import takes a file leaves nothing to be seen, and the same import then brings all', async () => {
  const ani = await lived('ani', 60_000_000)
  const { out } = await run('export', '--data', ani, '-')
  const budi = await lived('budi', 1000)
  const before = await told(budi)
  for (const share of [0.2, 0.5, 0.9]) {
    const importing = spawn(NODE[0], [...NODE.slice(1), MAIN, 'import', '--data', budi, '-'], {
      env: bareEnv(),
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    onTestFinished(() => void importing.kill('SIGKILL'))
    importing.stdin.on('error', () => {})
    importing.stdin.write(out.subarray(0, Math.floor(out.length * share)))
    await until('a part of the file', () => arriving(budi))
    importing.kill('SIGKILL')
    await once(importing, 'exit')
  }
  expect(await told(budi)).toEqual(before)
  expect(await readdir(join(budi, 'files'))).toHaveLength(1)
  expect(await CliProcess.run(['import', '--data', budi, '-'], { input: out })).toMatchObject({ code: 0 })
  const after = await told(budi)
  expect(Object.keys(after.files)).toEqual(['budi.bin', 'ani.bin'])
  expect(after.files['ani.bin']).toBe((await told(ani)).files['ani.bin'])
})

const arriving = async (data: string): Promise<boolean> =>
  existsSync(join(data, 'files')) && (await readdir(join(data, 'files'))).some((name) => name.endsWith('.part'))

test('C74 a full disk refuses an import with nothing of it there', async (context) => {
  const disk = await smallDisk(context, '100m')
  const ani = await lived('ani', 90_000_000)
  const { out } = await run('export', '--data', ani, '-')
  const data = join(disk, 'data')
  const ended = await CliProcess.run(['import', '--data', data, '-'], { input: out })
  expect(ended.code).toBe(74)
  expect(ended.errors).toMatch(/no room/)
  expect(await readdir(join(data, 'files'))).toEqual([])
  expect(await told(data)).toEqual({ texts: [], files: {} })
  await rm(data, { recursive: true })
})
