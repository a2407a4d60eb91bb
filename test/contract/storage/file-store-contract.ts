import assert from 'node:assert/strict'
import { FileMissing, type FileStore } from '#domain/ports/file-store.ts'
import type { ContractCase } from './contract.ts'
import { reading } from './file-store-reading-contract.ts'
import { resuming } from './file-store-resuming-contract.ts'
import {
  appendAll,
  assertRefused,
  begin,
  CONTRACT_MAX_FILE_BYTES,
  collect,
  type InFileStore,
  MIB,
  ONE,
  put,
  sample,
  sha256,
  TWO,
  take,
} from './file-store-subject.ts'

/** The contract of every file store. `make` answers a new, open one that takes files of `CONTRACT_MAX_FILE_BYTES`. */
export const fileStoreContract = (
  make: () => Promise<{ readonly fileStore: FileStore; dispose(): Promise<void> }>,
): readonly ContractCase[] => {
  const inFileStore = (name: string, check: (fileStore: FileStore) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const { fileStore, dispose } = await make()
      try {
        await check(fileStore)
      } finally {
        await dispose()
      }
    },
  })
  return [...writing(inFileStore), ...reading(inFileStore), ...ending(inFileStore), ...resuming(inFileStore)]
}

const writing = (inFileStore: InFileStore): readonly ContractCase[] => [
  ...[0, 1, 2047, 2048, 2049, 8 * MIB + 1].map((size) =>
    inFileStore(`a file of ${size} bytes comes back exactly, with its digest`, async (fileStore) => {
      const bytes = sample(size)
      const writer = await begin(fileStore, ONE, size)
      await appendAll(writer, bytes, 64 * 1024)
      assert.equal(writer.offset, size)
      assert.equal(await fileStore.size(ONE), undefined, 'not whole yet')
      assert.deepEqual(await writer.finish(), { size, sha256: sha256(bytes) })
      assert.equal(writer.durable, size)
      assert.equal(await fileStore.size(ONE), size)
      assert.ok(bytes.equals(await collect(fileStore.read(ONE))))
    }),
  ),
  inFileStore('many small appends and one large one make the same file', async (fileStore) => {
    const bytes = sample(100_003)
    const small = await begin(fileStore, ONE)
    await appendAll(small, bytes, 7)
    const large = await begin(fileStore, TWO)
    await appendAll(large, bytes, bytes.length)
    assert.deepEqual(await small.finish(), await large.finish())
    assert.ok(bytes.equals(await collect(fileStore.read(ONE))))
    assert.ok(bytes.equals(await collect(fileStore.read(TWO))))
  }),
  inFileStore('an append takes any number of pieces, in order, short and long, and none', async (fileStore) => {
    const bytes = sample(3 * MIB)
    const ends = [0, 1, 1, 65_537, 65_540, MIB, 2 * MIB + 5, 3 * MIB]
    const pieces = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end))
    const writer = await begin(fileStore, ONE)
    assert.equal(await writer.append(), undefined)
    assert.equal(await writer.append(...pieces), undefined)
    assert.equal(writer.offset, bytes.length)
    assert.equal(writer.digest(), sha256(bytes))
    await writer.finish()
    assert.ok(bytes.equals(await collect(fileStore.read(ONE))))
  }),
  inFileStore('the bytes of an append may be changed once it has resolved', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    const bytes = Buffer.alloc(1000, 'a')
    await take(writer, bytes)
    bytes.fill('b')
    await take(writer, bytes)
    bytes.fill('c')
    await writer.finish()
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'a'.repeat(1000) + 'b'.repeat(1000))
  }),
  inFileStore('the durable offset never falls and never passes the bytes taken', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    let durable = 0
    for (let round = 0; round < 96; round += 1) {
      await take(writer, sample(128 * 1024))
      assert.ok(writer.durable >= durable && writer.durable <= writer.offset)
      durable = writer.durable
    }
    await writer.finish()
    assert.equal(writer.durable, writer.offset)
  }),
  inFileStore('several writers at once do not touch each other', async (fileStore) => {
    const files = Array.from({ length: 8 }, (_, index) => ({
      id: String(index).padStart(32, 'a'),
      bytes: sample(300_000 + index),
    }))
    await Promise.all(files.map(({ id, bytes }) => put(fileStore, id, bytes)))
    for (const { id, bytes } of files) assert.ok(bytes.equals(await collect(fileStore.read(id))))
  }),
  inFileStore('an id that is taken by an upload or a file is not given out again', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await assert.rejects(fileStore.create(ONE))
    await take(writer, Buffer.from('first'))
    await writer.finish()
    await assert.rejects(fileStore.create(ONE))
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'first')
  }),
  inFileStore('a file of a size that is too large is refused at once, and its id stays free', async (fileStore) => {
    assertRefused(await fileStore.create(ONE, CONTRACT_MAX_FILE_BYTES + 1), 'FILE_TOO_LARGE')
    await put(fileStore, ONE, sample(10))
  }),
  inFileStore('a file that grows too large is refused as soon as it is over (C31)', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await appendAll(writer, Buffer.alloc(CONTRACT_MAX_FILE_BYTES), MIB)
    assertRefused(await writer.append(Buffer.alloc(1)), 'FILE_TOO_LARGE')
    assertRefused(await writer.append(Buffer.alloc(0)), 'FILE_TOO_LARGE')
    assertRefused(await writer.finish(), 'FILE_TOO_LARGE')
    await writer.discard()
    await assert.rejects(collect(fileStore.read(ONE)), FileMissing)
    await put(fileStore, ONE, sample(10))
  }),
]

const ending = (inFileStore: InFileStore): readonly ContractCase[] => [
  inFileStore('a discarded upload leaves nothing, and its readers end with an error', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, sample(100_000))
    const waiting = collect(fileStore.read(ONE)).catch((error: unknown) => error)
    await take(writer, sample(100_000))
    await writer.discard()
    await writer.discard()
    assert.ok((await waiting) instanceof FileMissing)
    assert.equal(await fileStore.size(ONE), undefined)
    await assert.rejects(collect(fileStore.read(ONE)), FileMissing)
    await put(fileStore, ONE, sample(10))
  }),
  inFileStore('an append under way when the upload is discarded breaks nothing', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    const append = writer.append(sample(4 * MIB)).catch((error: unknown) => error)
    await writer.discard()
    const outcome = await append
    assert.ok(outcome === undefined || outcome instanceof FileMissing)
    await assert.rejects(writer.append(sample(1)), FileMissing)
    await put(fileStore, ONE, sample(10))
  }),
  inFileStore('discarding after the finish is without effect', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, Buffer.from('kept'))
    await writer.finish()
    await writer.discard()
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'kept')
  }),
  inFileStore('discarding while the finish is under way does not take back its answer', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, sample(300_000))
    const [digest] = await Promise.all([writer.finish(), writer.discard()])
    assert.ok('sha256' in digest)
    assert.equal((await collect(fileStore.read(ONE))).length, 300_000)
  }),
  inFileStore('a removed file is gone, also for its readers', async (fileStore) => {
    await put(fileStore, ONE, sample(3 * MIB))
    const pieces = fileStore.read(ONE)[Symbol.asyncIterator]()
    await pieces.next()
    await fileStore.remove(ONE)
    await fileStore.remove(ONE)
    await assert.rejects(async () => {
      while (!(await pieces.next()).done);
    }, FileMissing)
    assert.equal(await fileStore.size(ONE), undefined)
    await assert.rejects(collect(fileStore.read(ONE)), FileMissing)
  }),
  inFileStore('removing does not touch an upload, sweeping neither', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, Buffer.from('on its way'))
    await fileStore.remove(ONE)
    assert.equal(await fileStore.sweep(new Set()), 0)
    await writer.finish()
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'on its way')
  }),
  inFileStore('opening and closing again is harmless', async (fileStore) => {
    await fileStore.open()
    await fileStore.close()
    await fileStore.close()
  }),
]
