import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { canTrace, type TracedCall, traceUploader } from '../integration/storage/disk/strace.ts'

countFaults('failing calls under the file store')

const MIB = 1024 * 1024
const traceable = canTrace()

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => rm(directory, { recursive: true }))

const options = () => ({ directory, bytes: 20 * MIB, endless: false, syncEveryBytes: 8 * MIB })
const left = async (): Promise<string[]> => await readdir(join(directory, 'files'))

describe.skipIf(!traceable)('what the system is asked for', () => {
  test('bytes, sync, name, sync of the name, and only then the word that it is done (C80)', async () => {
    const { said, calls } = await traceUploader(options())
    const [, id] = /^whole (\w+)/.exec(said[0] ?? '') ?? []
    const about = (name: string, text: string): TracedCall[] =>
      calls.filter((call) => call.name === name && call.text.includes(text))
    const writes = about('pwrite64', `${id}.part`)
    const syncs = about('fdatasync', `${id}.part`)
    const [named] = [...about('link', `${id}.part`), ...about('linkat', `${id}.part`)]
    const [unnamed] = [...about('unlink', `${id}.part`), ...about('unlinkat', `${id}.part`)]
    const [told] = about('write', `whole ${id}`)
    const folderSyncs = about('fsync', `${directory}/files>`)
    const lastWrite = Math.max(...writes.map(({ to }) => to))
    const lastSync = syncs.at(-1)
    const folderSync = folderSyncs.find(({ from }) => from > (named?.to ?? Number.POSITIVE_INFINITY))
    const order = [
      lastWrite,
      lastSync?.from,
      lastSync?.to,
      named?.from,
      named?.to,
      folderSync?.from,
      folderSync?.to,
      told?.from,
    ]
    expect(order).not.toContain(undefined)
    expect(order).toEqual([...order].sort((one, other) => Number(one) - Number(other)))
    expect(unnamed?.from).toBeGreaterThan(named?.to ?? Number.POSITIVE_INFINITY)
    expect(unnamed?.to).toBeLessThan(folderSync?.from ?? 0)
    expect(syncs.length).toBeGreaterThanOrEqual(3)
    for (const { text } of [...syncs, ...folderSyncs]) expect(text).toMatch(/= 0$/)
  })

  test('bytes, their sync, the sync of their name, and only then the mark that promises them (C109)', async () => {
    const { calls } = await traceUploader(options())
    const [marked] = calls.filter(({ name, text }) => name === 'pwrite64' && text.includes('.durable>'))
    const [synced] = calls.filter(({ name, text }) => name === 'fdatasync' && text.includes('.part>'))
    const [named] = calls.filter(({ name, text, from }) => name === 'fsync' && text.includes('/files>') && from > 0)
    const [, written = ''] = /^pwrite64\([^"]*"0*(\d+) /.exec(marked?.text ?? '') ?? []
    expect(Number(written)).toBeGreaterThanOrEqual(8 * MIB)
    expect(synced?.to).toBeLessThan(named?.from ?? 0)
    expect(named?.to).toBeLessThan(marked?.from ?? 0)
    const before = calls.filter(
      ({ name, text, to }) => name === 'pwrite64' && text.includes('.part>') && to < (synced?.from ?? 0),
    )
    const bytes = before.reduce((sum, { text }) => sum + Number(/= (\d+)$/.exec(text)?.[1]), 0)
    expect(bytes).toBeGreaterThanOrEqual(Number(written))
  })

  test('a second id is a name and its sync; and a copy, synced before it has its name, where no more names are to be had', async () => {
    const linked = await traceUploader({ ...options(), bytes: MIB, duplicate: true })
    const [, as] = /^duplicate (\w+)$/.exec(linked.said.at(-1) ?? '') ?? []
    const named = linked.calls.find(({ name, text }) => name.startsWith('link') && text.includes(`/${as}"`))
    expect(linked.calls.find(({ name, from }) => name === 'fsync' && from > (named?.to ?? Infinity))?.text).toMatch(
      /= 0$/,
    )
    expect(linked.calls.filter(({ name, text }) => name === 'pwrite64' && text.includes(`${as}`))).toEqual([])
    await rm(join(directory, 'files'), { recursive: true })
    const copied = await traceUploader({ ...options(), bytes: MIB, duplicate: true }, ['link:error=EMLINK:when=2'])
    const [, copy] = /^duplicate (\w+)$/.exec(copied.said.at(-1) ?? '') ?? []
    const synced = copied.calls.find(({ name, text }) => name === 'fdatasync' && text.includes(`${copy}.part>`))
    const published = copied.calls.find(({ text }) => text.startsWith('link(') && text.includes(`${copy}.part`))
    expect(synced?.to).toBeLessThan(published?.from ?? 0)
    const [one, other] = await Promise.all((await left()).map((name) => readFile(join(directory, 'files', name))))
    expect(one).toHaveLength(MIB)
    expect(other?.equals(one ?? Buffer.alloc(0))).toBe(true)
  })

  test('no room for a second id is a refusal (C74)', async () => {
    const { said } = await traceUploader({ ...options(), bytes: MIB, duplicate: true }, ['link:error=ENOSPC:when=2'])
    expect(said.at(-1)).toBe('refused DISK_FULL')
    expect(await left()).toHaveLength(1)
  })

  test.each([1, 2, 3])(
    'an I/O error at fdatasync %i is never tried again and breaks the file store (C76)',
    async (nth) => {
      const { said, calls } = await traceUploader(options(), [`fdatasync:error=EIO:when=${nth}`])
      expect(said).toEqual(['failed VAULT_BROKEN', 'failed VAULT_BROKEN'])
      expect(calls.filter(({ name }) => name === 'fdatasync')).toHaveLength(nth)
      expect(calls.filter(({ name }) => name.startsWith('link'))).toEqual([])
      expect(await left()).toContainEqual(expect.stringMatching(/\.part$/))
      for (const name of await left()) expect(name).toMatch(/\.(part|durable)$/)
    },
  )

  test('an I/O error at a write breaks the file store (C76)', async () => {
    const { said } = await traceUploader(options(), ['pwrite64:error=EIO:when=5'])
    expect(said).toEqual(['failed VAULT_BROKEN', 'failed VAULT_BROKEN'])
  })

  test.each([
    [2, 'though bytes are durable'],
    [3, 'though the file has its name'],
  ])('an I/O error at sync %i of the folder breaks the file store, %s (C76)', async (nth) => {
    const { said } = await traceUploader(options(), [`fsync:error=EIO:when=${nth}`])
    expect(said).toEqual(['failed VAULT_BROKEN', 'failed VAULT_BROKEN'])
  })

  test.each(['pwrite64:error=ENOSPC:when=5', 'fdatasync:error=EDQUOT:when=2', 'link:error=ENOSPC:when=1'])(
    'a full disk, %s, refuses one upload and removes what it left (C74)',
    async (injection) => {
      const { said } = await traceUploader(options(), [injection])
      expect(said).toEqual(['refused DISK_FULL', expect.stringMatching(/^whole /)])
      expect(await left()).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)])
    },
  )
})
