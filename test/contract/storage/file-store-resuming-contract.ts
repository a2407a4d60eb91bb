import assert from 'node:assert/strict'
import { FileMissing, type FileStore, type FileWriter, hasBound } from '#domain/ports/file-store.ts'
import type { ContractCase } from './contract.ts'
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

/** The part of the contract about suspending and resuming uploads, removing, sweeping and second ids. */
export const resuming = (inFileStore: InFileStore): readonly ContractCase[] => [
  ...pausing(inFileStore),
  ...following(inFileStore),
  ...keeping(inFileStore),
]

const pausing = (inFileStore: InFileStore): readonly ContractCase[] => [
  inFileStore('synced bytes are durable, and the digest is of the bytes so far', async (fileStore) => {
    const bytes = sample(700_001)
    const writer = await begin(fileStore, ONE)
    for (const end of [0, 1, 300_000, bytes.length]) {
      await appendAll(writer, bytes.subarray(writer.offset, end), 64 * 1024)
      assert.equal(await writer.sync(), undefined)
      assert.equal(writer.durable, end)
      assert.equal(await fileStore.durable(ONE), end)
      assert.equal(writer.digest(), sha256(bytes.subarray(0, end)))
    }
    assert.deepEqual(await writer.finish(), { size: bytes.length, sha256: sha256(bytes) })
  }),
  inFileStore('a suspended upload goes on where it stopped, as often as one likes (C108)', async (fileStore) => {
    const bytes = sample(2 * MIB + 3)
    let writer = await begin(fileStore, ONE)
    for (const end of [0, 1, 600_000, 600_000, 2 * MIB]) {
      await appendAll(writer, bytes.subarray(writer.offset, end), 100_000)
      await writer.suspend()
      assert.equal(await fileStore.size(ONE), undefined)
      assert.equal(await fileStore.durable(ONE), end)
      writer = await resume(fileStore, ONE, bytes.length)
      assert.equal(writer.offset, end)
      assert.equal(writer.durable, end)
      assert.equal(writer.digest(), sha256(bytes.subarray(0, end)))
    }
    await take(writer, bytes.subarray(2 * MIB))
    assert.deepEqual(await writer.finish(), { size: bytes.length, sha256: sha256(bytes) })
    assert.equal(await fileStore.durable(ONE), bytes.length)
    assert.ok(bytes.equals(await collect(fileStore.read(ONE))))
  }),
  inFileStore('a suspended writer can do nothing, and cannot hurt the next (C110)', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, Buffer.from('first'))
    await writer.suspend()
    await writer.suspend()
    await assert.rejects(writer.append(Buffer.from('late')), FileMissing)
    await assert.rejects(writer.sync(), FileMissing)
    await assert.rejects(writer.finish(), FileMissing)
    const next = await resume(fileStore, ONE)
    await writer.suspend()
    await writer.discard()
    await take(next, Buffer.from(' second'))
    await next.finish()
    await next.suspend()
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'first second')
  }),
  inFileStore('suspending after the end brings nothing back', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await writer.discard()
    await writer.suspend()
    assert.equal(await fileStore.durable(ONE), undefined)
    assert.equal(await fileStore.resume(ONE), undefined)
  }),
  inFileStore('a refused upload can be resumed at its durable offset', async (fileStore) => {
    const bytes = sample(CONTRACT_MAX_FILE_BYTES)
    const writer = await begin(fileStore, ONE)
    await appendAll(writer, bytes.subarray(0, 5 * MIB), MIB)
    await writer.sync()
    assertRefused(await writer.append(Buffer.alloc(CONTRACT_MAX_FILE_BYTES)), 'FILE_TOO_LARGE')
    assertRefused(await writer.sync(), 'FILE_TOO_LARGE')
    await writer.suspend()
    const next = await resume(fileStore, ONE)
    assert.equal(next.offset, 5 * MIB)
    await appendAll(next, bytes.subarray(5 * MIB), MIB)
    assert.deepEqual(await next.finish(), { size: bytes.length, sha256: sha256(bytes) })
  }),
  inFileStore('closing suspends: everything is there when the file store is open again', async (fileStore) => {
    const bytes = sample(300_000)
    const writer = await begin(fileStore, ONE)
    await take(writer, bytes.subarray(0, 200_000))
    await fileStore.close()
    await assert.rejects(writer.append(Buffer.alloc(1)), FileMissing)
    await fileStore.open()
    assert.equal(await fileStore.durable(ONE), 200_000)
    const next = await resume(fileStore, ONE)
    await take(next, bytes.subarray(200_000))
    assert.deepEqual(await next.finish(), { size: bytes.length, sha256: sha256(bytes) })
  }),
  inFileStore('an unknown upload is not resumed', async (fileStore) => {
    for (const id of [ONE, '', '../../etc/passwd', `${ONE}.part`]) {
      assert.equal(await fileStore.resume(id), undefined)
      assert.equal(await fileStore.durable(id), undefined)
    }
    await put(fileStore, ONE, sample(10))
  }),
  inFileStore('a file has one writer: a second is not made, nor a second file of this id (C110)', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, Buffer.from('only'))
    await assert.rejects(fileStore.resume(ONE))
    await writer.suspend()
    await assert.rejects(fileStore.create(ONE))
    const outcomes = await Promise.allSettled([fileStore.resume(ONE), fileStore.resume(ONE)])
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    assert.equal(await fileStore.durable(ONE), 4)
  }),
  inFileStore('an upload that would become too large is refused when it is resumed, and stays', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, Buffer.from('kept'))
    await writer.suspend()
    assertRefused(await fileStore.resume(ONE, CONTRACT_MAX_FILE_BYTES + 1), 'FILE_TOO_LARGE')
    assert.equal((await resume(fileStore, ONE, 4)).offset, 4)
  }),
  inFileStore('a whole file whose end was never reported is resumed', async (fileStore) => {
    await put(fileStore, ONE, Buffer.from('whole'))
    const writer = await resume(fileStore, ONE)
    assert.equal(writer.offset, 5)
    assert.equal(writer.durable, 5)
    assert.equal(await fileStore.size(ONE), undefined)
    assert.deepEqual(await writer.finish(), { size: 5, sha256: sha256(Buffer.from('whole')) })
    const again = await resume(fileStore, ONE)
    await take(again, Buffer.from(' and more'))
    await again.finish()
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'whole and more')
  }),
]

const following = (inFileStore: InFileStore): readonly ContractCase[] => [
  inFileStore('readers wait over every pause, wherever they began, and get everything', async (fileStore) => {
    const bytes = sample(MIB + 11)
    const writer = await begin(fileStore, ONE)
    const early = collect(fileStore.read(ONE))
    await appendAll(writer, bytes.subarray(0, 400_000), 100_000)
    await writer.suspend()
    const paused = collect(fileStore.read(ONE, 7))
    const ahead = collect(fileStore.read(ONE, MIB))
    await turns()
    const next = await resume(fileStore, ONE)
    await appendAll(next, bytes.subarray(400_000, 800_000), 50_000)
    await next.suspend()
    await turns()
    const last = await resume(fileStore, ONE)
    await appendAll(last, bytes.subarray(800_000), 50_000)
    await last.finish()
    assert.ok(bytes.equals(await early))
    assert.ok(bytes.subarray(7).equals(await paused))
    assert.ok(bytes.subarray(MIB).equals(await ahead))
  }),
  inFileStore('a reader that waits for a paused file can be stopped', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, sample(1000))
    await writer.suspend()
    const pieces = fileStore.read(ONE, 1000)[Symbol.asyncIterator]()
    const next = pieces.next()
    await turns()
    await pieces.return?.()
    assert.equal((await next).done, true)
  }),
  ...(['remove', 'sweep', 'discard', 'close'] as const).map((way) =>
    inFileStore(
      `a reader that waits for a paused file ends with an error when it is gone: ${way}`,
      async (fileStore) => {
        const writer = await begin(fileStore, ONE)
        await take(writer, sample(1000))
        await writer.suspend()
        const waiting = collect(fileStore.read(ONE)).catch((error: unknown) => error)
        await turns()
        if (way === 'remove') await fileStore.remove(ONE)
        else if (way === 'sweep') await fileStore.sweep(new Set())
        else if (way === 'discard') await (await resume(fileStore, ONE)).discard()
        else await fileStore.close()
        assert.ok((await waiting) instanceof FileMissing)
      },
    ),
  ),
]

const keeping = (inFileStore: InFileStore): readonly ContractCase[] => [
  inFileStore('a suspended upload can be removed, and its id is free then', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    await take(writer, sample(1000))
    await writer.suspend()
    await fileStore.remove(ONE)
    assert.equal(await fileStore.durable(ONE), undefined)
    assert.equal(await fileStore.resume(ONE), undefined)
    await assert.rejects(collect(fileStore.read(ONE)), FileMissing)
    await put(fileStore, ONE, sample(10))
  }),
  inFileStore('sweeping removes uploads without a writer, except those to be kept', async (fileStore) => {
    for (const id of [ONE, TWO]) await (await begin(fileStore, id)).suspend()
    const three = '3'.padStart(32, '0')
    const writer = await begin(fileStore, three)
    assert.equal(await fileStore.sweep(new Set([ONE])), 1)
    assert.equal(await fileStore.durable(ONE), 0)
    assert.equal(await fileStore.durable(TWO), undefined)
    await take(writer, Buffer.from('on its way'))
    await writer.finish()
    assert.equal(await fileStore.sweep(new Set()), 1)
    assert.equal((await collect(fileStore.read(three))).toString(), 'on its way')
  }),
  inFileStore('a file can have a second id, and each is removed for itself', async (fileStore) => {
    const bytes = sample(MIB + 1)
    await put(fileStore, ONE, bytes)
    assert.equal(await fileStore.duplicate(ONE, TWO), undefined)
    assert.equal(await fileStore.size(TWO), bytes.length)
    await fileStore.remove(ONE)
    assert.equal(await fileStore.size(ONE), undefined)
    assert.ok(bytes.equals(await collect(fileStore.read(TWO))))
    await put(fileStore, ONE, sample(10))
  }),
  inFileStore('only a whole file can have a second id, and only a free one', async (fileStore) => {
    await assert.rejects(fileStore.duplicate(ONE, TWO), FileMissing)
    const writer = await begin(fileStore, ONE)
    await assert.rejects(fileStore.duplicate(ONE, TWO), FileMissing)
    await put(fileStore, TWO, Buffer.from('two'))
    await assert.rejects(fileStore.duplicate(TWO, ONE))
    await take(writer, Buffer.from('one'))
    await writer.finish()
    await assert.rejects(fileStore.duplicate(TWO, ONE))
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'one')
  }),
  inFileStore('the same bytes of two files are kept once, and each file is removed for itself', async (fileStore) => {
    const bytes = sample(MIB + 1)
    await put(fileStore, ONE, bytes)
    await put(fileStore, TWO, bytes)
    const reading = fileStore.read(TWO)[Symbol.asyncIterator]()
    const first = await reading.next()
    const left = hasBound(fileStore) ? fileStore.bytesLeft : 0
    await fileStore.share(ONE, TWO)
    await fileStore.share(ONE, TWO)
    if (hasBound(fileStore)) assert.ok(fileStore.bytesLeft === left || fileStore.bytesLeft === left + bytes.length)
    const rest = [first.value as Uint8Array]
    for (let next = await reading.next(); next.done !== true; next = await reading.next()) rest.push(next.value)
    assert.ok(bytes.equals(Buffer.concat(rest)))
    await fileStore.remove(ONE)
    assert.equal(await fileStore.size(ONE), undefined)
    assert.ok(bytes.equals(await collect(fileStore.read(TWO))))
    await fileStore.remove(TWO)
    if (hasBound(fileStore)) assert.equal(fileStore.bytesLeft, left + 2 * bytes.length)
  }),
  inFileStore('nothing is shared with a file that is not there, or not whole', async (fileStore) => {
    await put(fileStore, ONE, Buffer.from('one'))
    await fileStore.share(TWO, ONE)
    await fileStore.share(ONE, TWO)
    const writer = await begin(fileStore, TWO)
    await fileStore.share(ONE, TWO)
    await take(writer, Buffer.from('two'))
    await writer.finish()
    assert.equal((await collect(fileStore.read(ONE))).toString(), 'one')
    assert.equal((await collect(fileStore.read(TWO))).toString(), 'two')
  }),
  inFileStore('a resumed file with a second id leaves the other as it is', async (fileStore) => {
    const bytes = sample(MIB + 1)
    await put(fileStore, ONE, bytes)
    await fileStore.duplicate(ONE, TWO)
    const writer = await resume(fileStore, TWO)
    assert.equal(writer.offset, bytes.length)
    await take(writer, Buffer.from('more'))
    await writer.finish()
    assert.ok(bytes.equals(await collect(fileStore.read(ONE))))
    assert.equal((await collect(fileStore.read(TWO, bytes.length))).toString(), 'more')
  }),
]

const resume = async (fileStore: FileStore, id: string, size?: number): Promise<FileWriter> => {
  const writer = await fileStore.resume(id, size)
  assert.ok(writer, 'nothing is kept')
  if ('type' in writer) throw new assert.AssertionError({ message: `refused: ${writer.message}` })
  return writer
}

/** Lets readers reach the point where they wait. Cases hold without it, but show less. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
