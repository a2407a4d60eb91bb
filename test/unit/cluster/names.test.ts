import { describe, expect, test } from 'vitest'
import { MemoryBucket, type MemoryRecords } from '#cluster/bucket.ts'
import { ClusterNames } from '#cluster/names.ts'
import { MemoryLog } from '#system/log.ts'
import { sharedNamesContract } from '../../contract/storage/shared-names-contract.ts'

function cluster(count: number, key?: string) {
  const records: MemoryRecords = new Map()
  const alive = new Set(Array.from({ length: count }, (_, index) => `n${index}.x`))
  return {
    records,
    alive,
    nodes: [...alive].map((host) => {
      const bucket = new MemoryBucket(records)
      let back = () => {}
      const onBack = (run: () => void) => {
        back = run
      }
      const nodes = { host, lives: (other: string) => alive.has(other), onBack }
      const names = new ClusterNames({ bucket, nodes, key, log: new MemoryLog() })
      const lost: string[] = []
      names.onLost((skeleton) => lost.push(skeleton))
      return { bucket, names, lost, back: () => back() }
    }),
  }
}

describe('P8 ClusterNames over a bucket in memory', () => {
  const contract = sharedNamesContract(async (hosts) => cluster(hosts).nodes.map(({ names }) => names))
  for (const { name, run } of contract) test(name, run)
})

test('the name of a node that is gone is free; the node that comes back from a cut is told what it has lost, and keeps the rest', async () => {
  const { alive, nodes } = cluster(2)
  const [one, other] = nodes
  if (one === undefined || other === undefined) throw new Error('there are two')
  for (const name of ['ani', 'budi']) expect(await one.names.claim(name, 'a')).toBe('claimed')
  alive.delete('n0.x')
  expect(await other.names.claim('ani', 'b')).toBe('claimed')
  alive.add('n0.x')
  one.back()
  await expect.poll(() => one.lost).toEqual(['ani'])
  expect([await other.names.look('ani', 'b'), await other.names.look('budi', 'b')]).toEqual(['free', 'taken'])
  // What it has lost it does not free.
  one.names.release('ani')
  expect(await one.names.claim('ani', 'a')).toBe('taken')
})

test('a name that is freed just now is claimed, and one that somebody keeps is not', async () => {
  const [one, other] = cluster(2).nodes
  if (one === undefined || other === undefined) throw new Error('there are two')
  for (const name of ['ani', 'budi']) expect(await one.names.claim(name, 'a')).toBe('claimed')
  const claims = ['ani', 'budi'].map((name) => other.names.claim(name, 'b'))
  one.names.release('ani')
  expect(await Promise.all(claims)).toEqual(['claimed', 'taken'])
})

test('C133 a record that was not sealed with the key is none; a bucket that cannot be reached tells nothing', async () => {
  const { records, nodes } = cluster(2, 'key')
  const [one, other] = nodes
  if (one === undefined || other === undefined) throw new Error('there are two')
  expect(await one.names.claim('ani', 'a')).toBe('claimed')
  for (const [key, { revision }] of records) records.set(key, { revision, data: Buffer.from('forged'.repeat(9)) })
  expect(await other.names.look('ani', 'b')).toBe('free')
  other.bucket.isReached = false
  expect(await other.names.look('ani', 'b')).toBe('unknown')
})
