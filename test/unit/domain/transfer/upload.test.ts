import { describe, expect, it } from 'vitest'
import { type Rejected, rejected } from '#domain/errors.ts'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import type { UploadMeta } from '#domain/session.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import { SourceFailed, UploadRun } from '#domain/transfer/upload.ts'
import type { Announce } from '#domain/transfer/writer.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { ManualClock } from '#system/clock.ts'
import { pieces, sha256Of, textOf } from '../../../harness/bytes.ts'
import { failure } from '../../../harness/house.ts'
import { ani } from '../../../harness/people.ts'
import { turns } from '../../../harness/turns.ts'

const ID = '1'.padStart(32, '0')
const ACK = { type: 'ack', seq: 1, duplicate: false } as const
const READ_ONLY = rejected('READ_ONLY', 'the disk is full')

interface Circumstances {
  readonly fileStore?: MemoryFileStore
  readonly meta?: Partial<UploadMeta>
  /** What the room answers to a fact of this type. */
  readonly refuses?: Readonly<Record<string, Rejected>>
}

function runOf(source: AsyncIterable<Uint8Array>, meta: UploadMeta, fileStore: MemoryFileStore, announce: Announce) {
  const admit = () => undefined
  const parts = {
    fileStore,
    announce,
    clock: new ManualClock(),
    idleMs: 1,
    keptMs: 1,
    emptyMs: 1,
    progressBytes: 1,
    admit,
  }
  const transfer = new TransferActor('lobby', ani, { id: ID, ...meta }, undefined, {
    ...parts,
    mayWrite: () => undefined,
    refusalOf: () => undefined,
    checkFolder: async () => ({ files: 0, bytes: 0 }),
    failed: () => {},
    ended: () => {},
  })
  return new UploadRun(ID, async () => (await transfer.begin()) ?? transfer, source)
}

/** An upload of `source`, with what the room was told in order. */
function upload(
  source: AsyncIterable<Uint8Array>,
  { fileStore = new MemoryFileStore(), meta, refuses = {} }: Circumstances = {},
) {
  const told: string[] = []
  const announce: Announce = async (fact) => {
    told.push(fact.type === 'withdrawFile' ? `${fact.type}: ${fact.reason}` : fact.type)
    return refuses[fact.type] ?? ACK
  }
  const run = runOf(source, { name: 'a.txt', ...meta }, fileStore, announce)
  const isGone = async () => {
    const error = await failure(textOf(fileStore.read(ID)))
    return (error as { code?: string }).code === 'VAULT_MISSING'
  }
  return { run, told, fileStore, isGone }
}

/** A vault whose writers fail as told. */
function failingVault(fails: Partial<Awaited<ReturnType<MemoryFileStore['create']>>>): MemoryFileStore {
  const fileStore = new MemoryFileStore()
  const create = fileStore.create.bind(fileStore)
  fileStore.create = async (id, size) => Object.assign(await create(id, size), fails)
  return fileStore
}

describe('an upload that ends well', () => {
  it('is offered, then complete, and the vault has it whole', async () => {
    const { run, told, fileStore } = upload(pieces('ha', 'lo'))
    expect(await run.done).toEqual({ id: ID, name: 'a.txt', size: 4, sha256: sha256Of('halo') })
    expect(told).toEqual(['offerFile', 'completeFile'])
    expect(await textOf(fileStore.read(ID))).toBe('halo')
  })
  it('C26 may be empty', async () => {
    const { run } = upload(pieces())
    expect(await run.done).toMatchObject({ size: 0, sha256: sha256Of('') })
  })
  it('has the size and the digest that were promised', async () => {
    const { run } = upload(pieces('halo'), { meta: { size: 4, sha256: sha256Of('halo') } })
    expect(await run.done).toMatchObject({ size: 4 })
  })
  it('tells its progress piece by piece, and its end', async () => {
    const { run } = upload(pieces('ha', 'lo'))
    const seen: unknown[] = []
    run.progress$.subscribe({ next: (at) => seen.push(at), complete: () => seen.push('end') })
    await run.done
    await turns(1)
    expect(seen).toEqual([{ bytes: 2, durable: 2 }, { bytes: 4, durable: 4 }, 'end'])
  })
  it('C80 is whole in the vault before the room hears that it is', async () => {
    const fileStore = new MemoryFileStore()
    const sizes: unknown[] = []
    const announce: Announce = async (fact) => {
      sizes.push([fact.type, await fileStore.size(ID)])
      return ACK
    }
    await runOf(pieces('halo'), { name: 'a' }, fileStore, announce).done
    expect(sizes).toEqual([
      ['offerFile', undefined],
      ['completeFile', 4],
    ])
  })
})

describe('an upload that ends badly leaves nothing in the vault and says why', () => {
  const cases: [string, string, () => ReturnType<typeof upload>, readonly string[]][] = [
    [
      'when fewer bytes come than were promised',
      'TRANSFER_CUT',
      () => upload(pieces('ha'), { meta: { size: 4 } }),
      ['offerFile', 'withdrawFile: 2 of 4 bytes arrived; go on from there, or send the file again'],
    ],
    [
      'when more bytes come than were promised',
      'BAD_OFFSET',
      () => upload(pieces('halo'), { meta: { size: 2 } }),
      ['offerFile', 'withdrawFile: this file has 2 bytes, as was said, and more than that came'],
    ],
    [
      'when other bytes come than were promised',
      'HASH_MISMATCH',
      () => upload(pieces('halo'), { meta: { sha256: sha256Of('hola') } }),
      ['offerFile', expect.stringContaining('withdrawFile: ')],
    ],
    [
      'when the source knows why it ends early',
      'TRANSFER_STALLED',
      () =>
        upload(
          (async function* () {
            yield Buffer.from('ha')
            throw new SourceFailed(rejected('TRANSFER_STALLED', 'nothing came'))
          })(),
        ),
      ['offerFile', 'withdrawFile: nothing came'],
    ],
    [
      'when the room refuses the offer',
      'READ_ONLY',
      () => upload(pieces('halo'), { refuses: { offerFile: READ_ONLY } }),
      ['offerFile'],
    ],
    [
      'when the room can not keep that it is complete',
      'READ_ONLY',
      () => upload(pieces('halo'), { refuses: { completeFile: READ_ONLY } }),
      ['offerFile', 'completeFile', 'withdrawFile: the disk is full'],
    ],
    [
      'C74 when the disk is full',
      'DISK_FULL',
      () => upload(pieces('halo'), { fileStore: failingVault({ append: async () => rejected('DISK_FULL', 'full') }) }),
      ['offerFile', 'withdrawFile: full'],
    ],
    [
      'C74 when the disk is full at the very end',
      'DISK_FULL',
      () => upload(pieces('halo'), { fileStore: failingVault({ finish: async () => rejected('DISK_FULL', 'full') }) }),
      ['offerFile', 'withdrawFile: full'],
    ],
    [
      'C31 when it goes on beyond the largest file',
      'FILE_TOO_LARGE',
      () => upload(pieces('halo', 'halo'), { fileStore: new MemoryFileStore({ maxFileBytes: 5 }) }),
      ['offerFile', expect.stringContaining('withdrawFile: ')],
    ],
  ]
  for (const [when, code, begin, expected] of cases)
    it(when, async () => {
      const { run, told, isGone } = begin()
      expect(await run.done).toMatchObject({ type: 'rejected', code })
      expect(told).toEqual(expected)
      expect(await isGone()).toBe(true)
    })

  it('when it is larger than any file may be, and then the room never hears of it', async () => {
    const { run, told } = upload(pieces('halo'), {
      fileStore: new MemoryFileStore({ maxFileBytes: 3 }),
      meta: { size: 4 },
    })
    expect(await run.done).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(told).toEqual([])
  })
  it('when it is cancelled, at the next piece, for the first reason that was given', async () => {
    let cancel = (_: string) => {}
    const source = (async function* () {
      yield Buffer.from('ha')
      cancel('changed my mind')
      cancel('twice')
      yield Buffer.from('lo')
      throw new Error('it was asked for more')
    })()
    const { run, told, isGone } = upload(source)
    cancel = (reason) => run.cancel(reason)
    expect(await run.done).toMatchObject({ code: 'TRANSFER_CUT', message: 'changed my mind' })
    expect(told).toEqual(['offerFile', 'withdrawFile: changed my mind'])
    expect(await isGone()).toBe(true)
  })
  it('when it is cancelled behind its last piece', async () => {
    let cancel = (_: string) => {}
    const source = (async function* () {
      yield Buffer.from('halo')
      cancel('too late?')
    })()
    const { run } = upload(source)
    cancel = (reason) => run.cancel(reason)
    expect(await run.done).toMatchObject({ message: 'too late?' })
  })
  it('and lets its source go', async () => {
    let released = false
    const source = (async function* () {
      try {
        for (;;) yield Buffer.from('halo')
      } finally {
        released = true
      }
    })()
    const { run } = upload(source, { fileStore: new MemoryFileStore({ maxFileBytes: 9 }) })
    expect(await run.done).toMatchObject({ code: 'FILE_TOO_LARGE' })
    expect(released).toBe(true)
  })
})

describe('C76 a store or a source that breaks', () => {
  it('ends the upload with its error, and the room is told', async () => {
    const broken = new FileStoreFailed('I/O error')
    for (const fails of [{ append: () => Promise.reject(broken) }, { finish: () => Promise.reject(broken) }]) {
      const { run, told, isGone } = upload(pieces('halo'), { fileStore: failingVault(fails) })
      expect(await failure(run.done)).toBe(broken)
      expect(told).toEqual(['offerFile', 'withdrawFile: the host could not keep the file'])
      expect(await isGone()).toBe(true)
    }
  })
  it('ends the upload with the bug of its source', async () => {
    const bug = new Error('a bug')
    const source = (async function* () {
      yield Buffer.from('ha')
      throw bug
    })()
    const { run, told } = upload(source)
    expect(await failure(run.done)).toBe(bug)
    expect(told).toHaveLength(2)
  })
  it('before it began is told to nobody', async () => {
    const fileStore = new MemoryFileStore()
    fileStore.create = () => Promise.reject(new FileStoreFailed('I/O error'))
    const { run, told } = upload(pieces('halo'), { fileStore })
    expect(await failure(run.done)).toBeInstanceOf(FileStoreFailed)
    expect(told).toEqual([])
  })
})
