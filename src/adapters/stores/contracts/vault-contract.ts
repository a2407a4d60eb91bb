import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type Vault, VaultMissing, type VaultWriter } from '../../../domain/ports/vault.ts'
import type { Rejected } from '../../../domain/rejection.ts'
import type { ContractCase } from './contract.ts'

const MIB = 1024 * 1024

/** The limit that a vault under test is made with. */
export const VAULT_CONTRACT_MAX_FILE_BYTES = 16 * MIB

const ONE = '1'.padStart(32, '0')
const TWO = '2'.padStart(32, '0')

/** What every vault does. `make` answers a new, open one that takes files of `VAULT_CONTRACT_MAX_FILE_BYTES`. */
export const vaultContract = (
  make: () => Promise<{ readonly vault: Vault; dispose(): Promise<void> }>,
): readonly ContractCase[] => {
  const inVault = (name: string, check: (vault: Vault) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const { vault, dispose } = await make()
      try {
        await check(vault)
      } finally {
        await dispose()
      }
    },
  })
  return [...writing(inVault), ...reading(inVault), ...ending(inVault)]
}

type InVault = (name: string, check: (vault: Vault) => Promise<void>) => ContractCase

const writing = (inVault: InVault): readonly ContractCase[] => [
  ...[0, 1, 2047, 2048, 2049, 8 * MIB + 1].map((size) =>
    inVault(`a file of ${size} bytes comes back exactly, with its digest`, async (vault) => {
      const bytes = sample(size)
      const writer = await begin(vault, ONE, size)
      await appendAll(writer, bytes, 64 * 1024)
      assert.equal(writer.offset, size)
      assert.equal(await vault.size(ONE), undefined, 'not whole yet')
      assert.deepEqual(await writer.finish(), { size, sha256: sha256(bytes) })
      assert.equal(writer.durable, size)
      assert.equal(await vault.size(ONE), size)
      assert.ok(bytes.equals(await collect(vault.read(ONE))))
    }),
  ),
  inVault('many small appends and one large one make the same file', async (vault) => {
    const bytes = sample(100_003)
    const small = await begin(vault, ONE)
    await appendAll(small, bytes, 7)
    const large = await begin(vault, TWO)
    await appendAll(large, bytes, bytes.length)
    assert.deepEqual(await small.finish(), await large.finish())
    assert.ok(bytes.equals(await collect(vault.read(ONE))))
    assert.ok(bytes.equals(await collect(vault.read(TWO))))
  }),
  inVault('the bytes of an append may be changed once it has resolved', async (vault) => {
    const writer = await begin(vault, ONE)
    const bytes = Buffer.alloc(1000, 'a')
    await take(writer, bytes)
    bytes.fill('b')
    await take(writer, bytes)
    bytes.fill('c')
    await writer.finish()
    assert.equal((await collect(vault.read(ONE))).toString(), 'a'.repeat(1000) + 'b'.repeat(1000))
  }),
  inVault('what is durable never falls and never passes what was taken', async (vault) => {
    const writer = await begin(vault, ONE)
    let durable = 0
    for (let round = 0; round < 96; round += 1) {
      await take(writer, sample(128 * 1024))
      assert.ok(writer.durable >= durable && writer.durable <= writer.offset)
      durable = writer.durable
    }
    await writer.finish()
    assert.equal(writer.durable, writer.offset)
  }),
  inVault('several writers at once do not touch each other', async (vault) => {
    const files = Array.from({ length: 8 }, (_, index) => ({
      id: String(index).padStart(32, 'a'),
      bytes: sample(300_000 + index),
    }))
    await Promise.all(files.map(({ id, bytes }) => put(vault, id, bytes)))
    for (const { id, bytes } of files) assert.ok(bytes.equals(await collect(vault.read(id))))
  }),
  inVault('an id that is taken by an upload or a file is not given out again', async (vault) => {
    const writer = await begin(vault, ONE)
    await assert.rejects(vault.create(ONE))
    await take(writer, Buffer.from('first'))
    await writer.finish()
    await assert.rejects(vault.create(ONE))
    assert.equal((await collect(vault.read(ONE))).toString(), 'first')
  }),
  inVault('a file that is declared too large is refused at once, and its id stays free', async (vault) => {
    assertRefused(await vault.create(ONE, VAULT_CONTRACT_MAX_FILE_BYTES + 1), 'FILE_TOO_LARGE')
    await put(vault, ONE, sample(10))
  }),
  inVault('a file that grows too large is refused as soon as it is over (C31)', async (vault) => {
    const writer = await begin(vault, ONE)
    await appendAll(writer, Buffer.alloc(VAULT_CONTRACT_MAX_FILE_BYTES), MIB)
    assertRefused(await writer.append(Buffer.alloc(1)), 'FILE_TOO_LARGE')
    assertRefused(await writer.append(Buffer.alloc(0)), 'FILE_TOO_LARGE')
    assertRefused(await writer.finish(), 'FILE_TOO_LARGE')
    await writer.discard()
    await assert.rejects(collect(vault.read(ONE)), VaultMissing)
    await put(vault, ONE, sample(10))
  }),
]

const reading = (inVault: InVault): readonly ContractCase[] => [
  inVault('pieces that are only lent are the same bytes while they are lent', async (vault) => {
    const bytes = sample(3 * MIB + 1)
    const writer = await begin(vault, ONE)
    await appendAll(writer, bytes, MIB)
    await writer.finish()
    const copies: Buffer[] = []
    for await (const piece of vault.read(ONE, 5, 'lent')) copies.push(Buffer.from(piece))
    assert.ok(bytes.subarray(5).equals(Buffer.concat(copies)))
  }),
  inVault('reading begins at any offset', async (vault) => {
    const bytes = sample(3 * MIB + 5)
    await put(vault, ONE, bytes)
    for (const from of [0, 1, 65_535, 65_536, MIB, 2 * MIB + 1, bytes.length - 1, bytes.length, bytes.length + 10]) {
      assert.ok(bytes.subarray(from).equals(await collect(vault.read(ONE, from))), `from ${from}`)
    }
  }),
  inVault('pieces have at most 1 MiB, and belong to whoever takes them', async (vault) => {
    const bytes = sample(3 * MIB)
    const writer = await begin(vault, ONE)
    await take(writer, Buffer.from(bytes))
    await writer.finish()
    for await (const piece of vault.read(ONE)) {
      assert.ok(piece.length > 0 && piece.length <= MIB)
      piece.fill(0)
    }
    assert.ok(bytes.equals(await collect(vault.read(ONE))))
  }),
  inVault('readers follow a growing file at their own pace and end when it is whole', async (vault) => {
    const bytes = sample(2 * MIB + 17)
    const writer = await begin(vault, ONE)
    const early = collect(vault.read(ONE))
    const slow = collect(vault.read(ONE), 20)
    const ahead = collect(vault.read(ONE, MIB + 3))
    await appendAll(writer, bytes.subarray(0, MIB), 10_000)
    const late = collect(vault.read(ONE, 5))
    await appendAll(writer, bytes.subarray(MIB), 100_000)
    await writer.finish()
    assert.ok(bytes.equals(await early))
    assert.ok(bytes.equals(await slow))
    assert.ok(bytes.subarray(MIB + 3).equals(await ahead))
    assert.ok(bytes.subarray(5).equals(await late))
  }),
  inVault('a reader sees what was appended before the next append', async (vault) => {
    const writer = await begin(vault, ONE)
    const pieces = vault.read(ONE)[Symbol.asyncIterator]()
    for (const word of ['one', 'two', 'three']) {
      await take(writer, Buffer.from(word))
      assert.equal(Buffer.from((await pieces.next()).value ?? []).toString(), word)
    }
    const end = pieces.next()
    await writer.finish()
    assert.equal((await end).done, true)
  }),
  inVault('a reader that stops early, also while it waits, disturbs nobody', async (vault) => {
    const bytes = sample(300_000)
    const writer = await begin(vault, ONE)
    await take(writer, bytes)
    for await (const piece of vault.read(ONE)) {
      assert.ok(piece.length > 0)
      break
    }
    const waiting = vault.read(ONE, bytes.length)[Symbol.asyncIterator]()
    const next = waiting.next()
    await waiting.return?.()
    assert.equal((await next).done, true)
    await writer.finish()
    assert.ok(bytes.equals(await collect(vault.read(ONE))))
  }),
  inVault('what is not there is missing', async (vault) => {
    for (const id of [ONE, '', '../../etc/passwd', ONE.toUpperCase().replace('1', 'A'), `${ONE}.part`]) {
      await assert.rejects(collect(vault.read(id)), VaultMissing)
      assert.equal(await vault.size(id), undefined)
      await vault.remove(id)
    }
  }),
]

const ending = (inVault: InVault): readonly ContractCase[] => [
  inVault('a discarded upload leaves nothing, and its readers end with an error', async (vault) => {
    const writer = await begin(vault, ONE)
    await take(writer, sample(100_000))
    const waiting = collect(vault.read(ONE)).catch((error: unknown) => error)
    await take(writer, sample(100_000))
    await writer.discard()
    await writer.discard()
    assert.ok((await waiting) instanceof VaultMissing)
    assert.equal(await vault.size(ONE), undefined)
    await assert.rejects(collect(vault.read(ONE)), VaultMissing)
    await put(vault, ONE, sample(10))
  }),
  inVault('an append under way when the upload is discarded breaks nothing', async (vault) => {
    const writer = await begin(vault, ONE)
    const append = writer.append(sample(4 * MIB)).catch((error: unknown) => error)
    await writer.discard()
    const outcome = await append
    assert.ok(outcome === undefined || outcome instanceof VaultMissing)
    await assert.rejects(writer.append(sample(1)), VaultMissing)
    await put(vault, ONE, sample(10))
  }),
  inVault('discarding after the finish is without effect', async (vault) => {
    const writer = await begin(vault, ONE)
    await take(writer, Buffer.from('kept'))
    await writer.finish()
    await writer.discard()
    assert.equal((await collect(vault.read(ONE))).toString(), 'kept')
  }),
  inVault('discarding while the finish is under way does not take back what it then answers', async (vault) => {
    const writer = await begin(vault, ONE)
    await take(writer, sample(300_000))
    const [digest] = await Promise.all([writer.finish(), writer.discard()])
    assert.ok('sha256' in digest)
    assert.equal((await collect(vault.read(ONE))).length, 300_000)
  }),
  inVault('a removed file is gone, also for those who read it', async (vault) => {
    await put(vault, ONE, sample(3 * MIB))
    const pieces = vault.read(ONE)[Symbol.asyncIterator]()
    await pieces.next()
    await vault.remove(ONE)
    await vault.remove(ONE)
    await assert.rejects(async () => {
      while (!(await pieces.next()).done);
    }, VaultMissing)
    assert.equal(await vault.size(ONE), undefined)
    await assert.rejects(collect(vault.read(ONE)), VaultMissing)
  }),
  inVault('removing does not touch an upload, sweeping neither', async (vault) => {
    const writer = await begin(vault, ONE)
    await take(writer, Buffer.from('on its way'))
    await vault.remove(ONE)
    assert.equal(await vault.sweep(new Set()), 0)
    await writer.finish()
    assert.equal((await collect(vault.read(ONE))).toString(), 'on its way')
  }),
  inVault('opening and closing again is harmless', async (vault) => {
    await vault.open()
    await vault.close()
    await vault.close()
  }),
]

/** Bytes without a short period, so that a piece in the wrong place shows. */
const sample = (size: number): Buffer => {
  const bytes = Buffer.alloc(size)
  let state = size + 1
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[index] = state >>> 24
  }
  return bytes
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const begin = async (vault: Vault, id: string, size?: number): Promise<VaultWriter> => {
  const writer = await vault.create(id, size)
  if ('type' in writer) throw new assert.AssertionError({ message: `refused: ${writer.message}` })
  return writer
}

const take = async (writer: VaultWriter, bytes: Uint8Array): Promise<void> => {
  assert.equal(await writer.append(bytes), undefined)
}

const appendAll = async (writer: VaultWriter, bytes: Uint8Array, pieceBytes: number): Promise<void> => {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    await take(writer, bytes.subarray(start, start + pieceBytes))
  }
}

const put = async (vault: Vault, id: string, bytes: Uint8Array): Promise<void> => {
  const writer = await begin(vault, id, bytes.length)
  await appendAll(writer, bytes, 64 * 1024)
  assert.deepEqual(await writer.finish(), { size: bytes.length, sha256: sha256(bytes) })
}

const collect = async (pieces: AsyncIterable<Uint8Array>, turnsBetween = 0): Promise<Buffer> => {
  const taken: Uint8Array[] = []
  for await (const piece of pieces) {
    taken.push(piece)
    for (let turn = 0; turn < turnsBetween; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  return Buffer.concat(taken)
}

const assertRefused = (outcome: unknown, code: Rejected['code']): void => {
  assert.ok(typeof outcome === 'object' && outcome !== null && 'code' in outcome, 'not refused')
  assert.equal(outcome.code, code)
}
