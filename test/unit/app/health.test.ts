import { expect, test } from 'vitest'
import { Health } from '#app/health.ts'

test('a node is not ready while it cannot reach the log or is behind it, and a host that only met damage is', () => {
  const health = new Health()
  const reached: boolean[] = []
  health.reach$.subscribe((isReached) => reached.push(isReached))
  expect(health.unready).toBeUndefined()
  health.metDamage()
  expect([health.failure?.refuses, health.unready]).toEqual([false, undefined])
  health.reachesCluster(false)
  expect(health.unready).toMatch(/cannot be reached/)
  health.reachesCluster(true)
  expect([health.unready, ...reached]).toEqual([undefined, false, true])
  let lagMs = 900
  health.lagMs = () => lagMs
  expect(health.unready).toBeUndefined()
  lagMs = 1100
  expect(health.unready).toMatch(/has not got yet/)
})
