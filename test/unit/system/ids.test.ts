import { describe, expect, test } from 'vitest'
import { CountingIds, RandomIds } from '#system/ids.ts'
import { idsContract } from '../../contract/storage/ids-contract.ts'

describe('P8 RandomIds', () => {
  for (const { name, run } of idsContract(() => new RandomIds())) test(name, run)

  test('two sources do not say the same', () => {
    expect(new RandomIds().next()).not.toBe(new RandomIds().next())
  })
})

describe('P8 CountingIds', () => {
  for (const { name, run } of idsContract(() => new CountingIds())) test(name, run)

  test('count up from one', () => {
    const ids = new CountingIds()
    const all = Array.from({ length: 300 }, () => ids.next())
    expect(all[0]).toBe(`${'0'.repeat(31)}1`)
    expect(all).toEqual([...all].sort())
  })
})
