import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { Sha256 } from '#web/files/sha256.ts'

const expected = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('the digest of every length around blocks is right, and more may follow', () => {
  const bytes = randomBytes(300)
  const hash = new Sha256()
  for (let length = 0; length < bytes.length; length++) {
    expect(hash.digest()).toBe(expected(bytes.subarray(0, length)))
    hash.update(bytes.subarray(length, length + 1))
  }
})

test('bytes may come in pieces of any size, at any place of a buffer', () => {
  const bytes = randomBytes(100_000)
  for (const size of [1, 63, 64, 65, 127, 4096, 99_999]) {
    const hash = new Sha256()
    for (let at = 0; at < bytes.length; at += size) hash.update(bytes.subarray(at, at + size))
    expect(hash.digest()).toBe(expected(bytes))
  }
})

test('a file of more than 512 MiB has a length of more than 32 bits', () => {
  const piece = new Uint8Array(64 * 1024 ** 2)
  const [hash, known] = [new Sha256(), createHash('sha256')]
  for (let sent = 0; sent < 9; sent++) {
    hash.update(piece)
    known.update(piece)
  }
  expect(hash.digest()).toBe(known.digest('hex'))
})
