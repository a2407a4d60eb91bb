import { expect, onTestFinished, test } from 'vitest'
import { compose } from '#app/compose.ts'
import { clusterDefaults } from '#app/defaults.ts'
import { Health } from '#app/health.ts'
import { Lifecycle } from '#app/lifecycle.ts'
import { ManualClock } from '#system/clock.ts'
import { LineClient } from '../../harness/line-client.ts'
import { until } from '../../harness/patience.ts'
import { ScriptedJournal } from '../../harness/scripted-journal.ts'
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
  await cici.until('* this machine cannot reach the others: what you say waits, and is said once it can')
  health.reachesCluster(true)
  await cici.until('* this machine reaches the others again')
  await cici.ask('/who', /^\* {3}cici/)
})

test('a node that stops is not ready, and sends its sessions to others over its time, while it serves those who are here', async () => {
  const clock = new ManualClock()
  const parts = { ...compose({ overrides: { clock } }), drainMs: 5000 }
  const host = new Lifecycle(parts, undefined)
  await host.start()
  const { port } = await host.listen({ port: 0, farewellMs: 0 })
  const names = ['ani', 'budi', 'cici', 'dewi', 'eka']
  const sessions = await Promise.all(names.map((name) => SessionClient.join(port, 'frames', name, 'lobby')))
  const last = await LineClient.join(port, 'fajar')
  const stopping = host.stop('it is upgraded')
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503)
  const told = () => sessions.filter((session) => session.of('bye').some(({ code }) => code === 'RESTART')).length
  for (let second = 1; second <= 4; second++) {
    clock.advance(1000)
    await until('the next to be told', () => told() === second)
    await last.ask('/who', /^\* {3}.*fajar$/)
  }
  clock.advance(1000)
  await stopping
  await until('the last to be told', () => told() === 5)
  await last.until(/it is upgraded/)
})

test('C126 a request whose message the log has not taken for 10 s is told that it is not known yet; sent again under its id it is one message', async () => {
  const clock = new ManualClock()
  const journal = new ScriptedJournal()
  const http = { answerMs: clusterDefaults.answerMs }
  const host = new Lifecycle(compose({ http, overrides: { clock, journal } }), undefined)
  await host.start()
  onTestFinished(() => host.stop('the test is over'))
  const { port } = await host.listen({ port: 0, farewellMs: 0 })
  const post = async () => {
    const headers = { 'Content-Type': 'text/plain', 'Idempotency-Key': 'i1' }
    const answer = await fetch(`http://127.0.0.1:${port}/rooms/lobby/messages`, {
      method: 'POST',
      body: 'halo',
      headers,
    })
    return { status: answer.status, ...((await answer.json()) as object) }
  }
  journal.hold()
  const unknown = post()
  await until('the append', () => journal.waiting === 1)
  clock.advance(9999)
  clock.advance(1)
  expect(await unknown).toMatchObject({ status: 503, code: 'BUSY', message: expect.stringContaining('not known yet') })
  const again = post()
  journal.release()
  expect(await again).toEqual({ status: 200, seq: 1, duplicate: true })
})
