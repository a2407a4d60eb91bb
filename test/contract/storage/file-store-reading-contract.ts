import assert from 'node:assert/strict'
import { FileMissing } from '#domain/ports/file-store.ts'
import type { ContractCase } from './contract.ts'
import { appendAll, begin, collect, type InFileStore, MIB, ONE, put, sample, take } from './file-store-subject.ts'

/** The part of the contract about reading. */
export const reading = (inFileStore: InFileStore): readonly ContractCase[] => [
  inFileStore('lent pieces keep their bytes while they are lent', async (fileStore) => {
    const bytes = sample(3 * MIB + 1)
    const writer = await begin(fileStore, ONE)
    await appendAll(writer, bytes, MIB)
    await writer.finish()
    const copies: Buffer[] = []
    for await (const piece of fileStore.read(ONE, 5, 'lent')) copies.push(Buffer.from(piece))
    assert.ok(bytes.subarray(5).equals(Buffer.concat(copies)))
  }),
  inFileStore('reading begins at any offset', async (fileStore) => {
    const bytes = sample(3 * MIB + 5)
    await put(fileStore, ONE, bytes)
    for (const from of [0, 1, 65_535, 65_536, MIB, 2 * MIB + 1, bytes.length - 1, bytes.length, bytes.length + 10]) {
      assert.ok(bytes.subarray(from).equals(await collect(fileStore.read(ONE, from))), `from ${from}`)
    }
  }),
  inFileStore(
    'pieces have at most 1 MiB and stay as they are, whoever else reads, and when the file is gone',
    async (fileStore) => {
      const bytes = sample(3 * MIB + 100)
      const writer = await begin(fileStore, ONE)
      const early = [0, 1, MIB - 1].map((from) => collect(fileStore.read(ONE, from), from % 3))
      await appendAll(writer, bytes, 300_000)
      await writer.finish()
      const late = [0, 1, MIB - 1].map((from) => collect(fileStore.read(ONE, from), from % 3))
      const kept: Uint8Array[] = []
      for await (const piece of fileStore.read(ONE)) {
        assert.ok(piece.length > 0 && piece.length <= MIB)
        kept.push(piece)
      }
      for (const [index, read] of (await Promise.all([...early, ...late])).entries())
        assert.ok(bytes.subarray([0, 1, MIB - 1][index % 3]).equals(read))
      await fileStore.remove(ONE)
      const others = sample(3 * MIB)
      await put(fileStore, ONE, others)
      for (const read of await Promise.all([fileStore.read(ONE), fileStore.read(ONE)].map((pieces) => collect(pieces))))
        assert.ok(others.equals(read))
      assert.ok(bytes.equals(Buffer.concat(kept)))
    },
  ),
  inFileStore('readers follow a growing file at their own pace and end when it is whole', async (fileStore) => {
    const bytes = sample(2 * MIB + 17)
    const writer = await begin(fileStore, ONE)
    const early = collect(fileStore.read(ONE))
    const slow = collect(fileStore.read(ONE), 20)
    const ahead = collect(fileStore.read(ONE, MIB + 3))
    await appendAll(writer, bytes.subarray(0, MIB), 10_000)
    const late = collect(fileStore.read(ONE, 5))
    await appendAll(writer, bytes.subarray(MIB), 100_000)
    await writer.finish()
    assert.ok(bytes.equals(await early))
    assert.ok(bytes.equals(await slow))
    assert.ok(bytes.subarray(MIB + 3).equals(await ahead))
    assert.ok(bytes.subarray(5).equals(await late))
  }),
  inFileStore('a reader sees what was appended before the next append', async (fileStore) => {
    const writer = await begin(fileStore, ONE)
    const pieces = fileStore.read(ONE)[Symbol.asyncIterator]()
    for (const word of ['one', 'two', 'three']) {
      await take(writer, Buffer.from(word))
      assert.equal(Buffer.from((await pieces.next()).value ?? []).toString(), word)
    }
    const end = pieces.next()
    await writer.finish()
    assert.equal((await end).done, true)
  }),
  inFileStore('a reader that stops early, also while it waits, does not disturb others', async (fileStore) => {
    const bytes = sample(300_000)
    const writer = await begin(fileStore, ONE)
    await take(writer, bytes)
    for await (const piece of fileStore.read(ONE)) {
      assert.ok(piece.length > 0)
      break
    }
    const waiting = fileStore.read(ONE, bytes.length)[Symbol.asyncIterator]()
    const next = waiting.next()
    await waiting.return?.()
    assert.equal((await next).done, true)
    await writer.finish()
    assert.ok(bytes.equals(await collect(fileStore.read(ONE))))
  }),
  inFileStore('an unknown file is missing', async (fileStore) => {
    for (const id of [ONE, '', '../../etc/passwd', ONE.toUpperCase().replace('1', 'A'), `${ONE}.part`]) {
      await assert.rejects(collect(fileStore.read(id)), FileMissing)
      assert.equal(await fileStore.size(id), undefined)
      await fileStore.remove(id)
    }
  }),
]
