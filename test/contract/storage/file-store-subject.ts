import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Rejected } from '#domain/errors.ts'
import type { FileStore, FileWriter } from '#domain/ports/file-store.ts'
import type { ContractCase } from './contract.ts'

export const MIB = 1024 * 1024

/** The limit that a file store under test is made with. */
export const CONTRACT_MAX_FILE_BYTES = 16 * MIB

export const ONE = '1'.padStart(32, '0')
export const TWO = '2'.padStart(32, '0')

/** Makes a case that gets a file store of its own. */
export type InFileStore = (name: string, check: (fileStore: FileStore) => Promise<void>) => ContractCase

/** Bytes without a short period, so that a piece in the wrong place shows. */
export const sample = (size: number): Buffer => {
  const bytes = Buffer.alloc(size)
  let state = size + 1
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[index] = state >>> 24
  }
  return bytes
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const begin = async (fileStore: FileStore, id: string, size?: number): Promise<FileWriter> => {
  const writer = await fileStore.create(id, size)
  if ('type' in writer) throw new assert.AssertionError({ message: `refused: ${writer.message}` })
  return writer
}

export const take = async (writer: FileWriter, bytes: Uint8Array): Promise<void> => {
  assert.equal(await writer.append(bytes), undefined)
}

export const appendAll = async (writer: FileWriter, bytes: Uint8Array, pieceBytes: number): Promise<void> => {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    await take(writer, bytes.subarray(start, start + pieceBytes))
  }
}

export const put = async (fileStore: FileStore, id: string, bytes: Uint8Array): Promise<void> => {
  const writer = await begin(fileStore, id, bytes.length)
  await appendAll(writer, bytes, 64 * 1024)
  assert.deepEqual(await writer.finish(), { size: bytes.length, sha256: sha256(bytes) })
}

export const collect = async (pieces: AsyncIterable<Uint8Array>, turnsBetween = 0): Promise<Buffer> => {
  const taken: Uint8Array[] = []
  for await (const piece of pieces) {
    taken.push(piece)
    for (let turn = 0; turn < turnsBetween; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  return Buffer.concat(taken)
}

export const assertRefused = (outcome: unknown, code: Rejected['code']): void => {
  assert.ok(typeof outcome === 'object' && outcome !== null && 'code' in outcome, 'not refused')
  assert.equal(outcome.code, code)
}
