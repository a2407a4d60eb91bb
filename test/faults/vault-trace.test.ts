import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { canTrace, type TracedCall, traceUploader } from '../adapters/stores/disk/strace.ts'
import { temporaryDirectory } from '../adapters/stores/disk/vault-in-directory.ts'

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

  test.each([1, 2, 3])('an I/O error at fdatasync %i is never tried again and breaks the vault (C76)', async (nth) => {
    const { said, calls } = await traceUploader(options(), [`fdatasync:error=EIO:when=${nth}`])
    expect(said).toEqual(['failed VAULT_BROKEN', 'failed VAULT_BROKEN'])
    expect(calls.filter(({ name }) => name === 'fdatasync')).toHaveLength(nth)
    expect(calls.filter(({ name }) => name.startsWith('link'))).toEqual([])
    expect(await left()).toContainEqual(expect.stringMatching(/\.part$/))
    for (const name of await left()) expect(name).toMatch(/\.(part|durable)$/)
  })

  test('an I/O error at a write breaks the vault (C76)', async () => {
    const { said } = await traceUploader(options(), ['pwrite64:error=EIO:when=5'])
    expect(said).toEqual(['failed VAULT_BROKEN', 'failed VAULT_BROKEN'])
  })

  test.each([
    [2, 'though bytes are durable'],
    [3, 'though the file has its name'],
  ])('an I/O error at sync %i of the folder breaks the vault, %s (C76)', async (nth) => {
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
