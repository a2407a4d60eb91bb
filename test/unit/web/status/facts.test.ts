import { describe, expect, it } from 'vitest'
import { type Facts, readingOf } from '#web/status/facts.ts'

const facts = (upMs: number, last: number, values: Facts['values'] = {}): Facts => ({
  upMs,
  memoryBytes: 1,
  sshFingerprint: 'SHA256:x',
  space: { maxFileBytes: 0, hostQuotaBytes: 50e9, roomQuotaBytes: 20e9, fileDays: 30, bytesLeft: 1e9 },
  rooms: [
    { name: 'lobby', members: 2, last },
    { name: 'kitchen', members: 1, last: 5 },
  ],
  transfers: [],
  values,
})

describe('what happened between two looks at a host', () => {
  it('is told by the second', () => {
    const before = { tamtam_received_bytes_total: 1000, tamtam_connections: 3 }
    const now = { tamtam_received_bytes_total: 5000, tamtam_sent_bytes_total: 200, tamtam_connections: 4 }
    expect(readingOf(facts(1000, 10, before), facts(3000, 30, now))).toEqual({
      people: 3,
      connections: 4,
      messagesPerSecond: 10,
      receivedPerSecond: 2000,
      sentPerSecond: 100,
      memoryBytes: expect.any(Number),
      commitMs: undefined,
      slowCommitMs: undefined,
    })
  })

  it('has the time that commits took on the average, and that 99 of 100 took at most', () => {
    const commits = (quick: number, slow: number, sum: number) => ({
      tamtam_commit_ms_count: quick + slow,
      tamtam_commit_ms_sum: sum,
      'tamtam_commit_ms_bucket{le="1"}': quick,
      'tamtam_commit_ms_bucket{le="25"}': quick + slow,
      'tamtam_commit_ms_bucket{le="+Inf"}': quick + slow,
    })
    const at = (quick: number, slow: number, sum: number) =>
      readingOf(facts(1000, 10, commits(7, 0, 7)), facts(2000, 10, commits(7 + quick, slow, 7 + sum)))
    expect(at(99, 1, 150)).toMatchObject({ commitMs: 1.5, slowCommitMs: 1 })
    expect(at(98, 2, 200)).toMatchObject({ commitMs: 2, slowCommitMs: 25 })
  })

  it('is nothing where a host has lost its rooms meanwhile', () => {
    expect(readingOf(facts(1000, 10), facts(2000, 0)).messagesPerSecond).toBe(0)
  })
})
