import { expect, test } from 'vitest'
import { MemoryMetrics, PromMetrics } from '#system/metrics.ts'

test('what was measured can be read in the text format of Prometheus', async () => {
  const metrics = new PromMetrics()
  metrics.count('connections_line')
  metrics.count('connections_line', 2)
  metrics.gauge('rooms', 5)
  metrics.gauge('rooms', 4)
  metrics.observe('commit_ms', 0.3)
  metrics.observe('commit_ms', 20_000)
  expect(metrics.contentType).toMatch(/^text\/plain; version=/)
  const lines = (await metrics.text()).split('\n')
  for (const line of [
    '# TYPE tamtam_connections_line_total counter',
    'tamtam_connections_line_total 3',
    'tamtam_rooms 4',
    'tamtam_commit_ms_bucket{le="0.25"} 0',
    'tamtam_commit_ms_bucket{le="0.5"} 1',
    'tamtam_commit_ms_bucket{le="10000"} 1',
    'tamtam_commit_ms_sum 20000.3',
    'tamtam_commit_ms_count 2',
  ])
    expect(lines).toContain(line)
  expect(await metrics.values()).toMatchObject({
    tamtam_connections_line_total: 3,
    tamtam_rooms: 4,
    'tamtam_commit_ms_bucket{le="0.5"}': 1,
    tamtam_commit_ms_count: 2,
  })
})

test('two hosts in one process share nothing', async () => {
  const [one, other] = [new PromMetrics(), new PromMetrics()]
  one.count('lines')
  expect(await other.text()).not.toContain('lines')
})

test('how late the event loop runs is told from the second look on', async () => {
  const metrics = new PromMetrics()
  expect(await metrics.text()).not.toContain('event_loop')
  await new Promise((resolve) => setImmediate(resolve))
  const text = await metrics.text()
  for (const part of ['p50', 'p99', 'max'])
    expect(text).toMatch(new RegExp(`^tamtam_event_loop_delay_${part}_ms \\d`, 'm'))
})

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
