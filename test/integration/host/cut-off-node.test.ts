import { expect, onTestFinished, test } from 'vitest'
import { compose } from '#app/compose.ts'
import { Health } from '#app/health.ts'
import { Lifecycle } from '#app/lifecycle.ts'
import { ManualClock } from '#system/clock.ts'
import { LineClient } from '../../harness/line-client.ts'
import { SessionClient } from '../../harness/session-client.ts'

test('a node that cannot reach the log for 15 s sends its sessions to another; one that reaches it before keeps them, and line clients stay', async () => {
  const clock = new ManualClock()
  const health = new Health()
  const host = new Lifecycle({ ...compose({ overrides: { clock } }), health }, undefined)
  await host.start()
  onTestFinished(() => host.stop('the test is over'))
  const { port } = await host.listen({ port: 0, farewellMs: 0 })
  const sessions = [
    await SessionClient.join(port, 'frames', 'ani', 'lobby'),
    await SessionClient.join(port, 'websocket', 'budi', 'lobby'),
  ]
  const cici = await LineClient.join(port, 'cici')
  health.reachesCluster(false)
  clock.advance(14_999)
  health.reachesCluster(true)
  clock.advance(15_000)
  for (const session of sessions) {
    expect(await session.say('still here')).toMatchObject({ type: 'ack' })
    expect(session.of('bye')).toEqual([])
  }

  health.reachesCluster(false)
  clock.advance(15_000)
  for (const session of sessions) {
    await session.until(() => session.of('bye').length > 0)
    expect(session.of('bye')).toMatchObject([{ code: 'RESTART', message: expect.stringMatching(/another/) }])
  }
  await cici.ask('/who', /^\* {3}cici/)
})
