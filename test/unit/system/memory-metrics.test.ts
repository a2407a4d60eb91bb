import { expect, test } from 'vitest'
import { MemoryMetrics } from '#system/memory-metrics.ts'

test('MemoryMetrics counts, sets and describes what it was told', () => {
  const metrics = new MemoryMetrics()
  metrics.count('lines')
  metrics.count('lines', 4)
  metrics.gauge('members', 3)
  metrics.gauge('members', 2)
  for (const ms of [5, -1, 8]) metrics.observe('commit_ms', ms)
  const before = metrics.snapshot()
  expect(before).toEqual({
    counters: { lines: 5 },
    gauges: { members: 2 },
    distributions: { commit_ms: { count: 3, sum: 12, min: -1, max: 8 } },
  })
  metrics.count('lines')
  expect(before.counters['lines']).toBe(5)
})
