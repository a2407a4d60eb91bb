import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connect, createTamtam, type TamtamOptions } from '#app/index.ts'
import { MemoryNetwork, memoryPair } from '../../contract/index.ts'
import { until } from '../../harness/patience.ts'

async function started(options: TamtamOptions = {}) {
  const tamtam = createTamtam(options)
  await tamtam.start()
  onTestFinished(() => tamtam.stop())
  return tamtam
}

describe('a connection that an embedder made', () => {
  it('speaks what it likes, and comes from where it is said to', async () => {
    const tamtam = await started()
    const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
    const [line, ofHost] = memoryPair()
    tamtam.accept(ofHost, '10.0.0.7')
    line.write('halo\n')
    await until('the guest', () => ani.members.length === 2)
    expect(ani.members.map(({ name }) => name)).toEqual(['ani', '10.0.0.7'])
    const [http, other] = memoryPair()
    tamtam.accept(other)
    // Its side stays open: a client that has ended it may be told that its answer takes a moment.
    http.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(await text(http)).toMatch(/^HTTP\/1\.1 200 [\s\S]*"ok"/)
  })

  it('ends with the host, also where it has not said yet what it is, and none comes in afterwards', async () => {
    const tamtam = await started()
    const [silent, talking, late] = [memoryPair(), memoryPair(), memoryPair()]
    for (const [near, far] of [silent, talking]) {
      near.resume().once('end', () => near.end())
      tamtam.accept(far)
    }
    talking[0].write('halo\n')
    const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani', after: 0 })
    await until('the guest', () => ani.members.length === 2)
    const gone = Promise.all([silent, talking].map(([near]) => once(near, 'close')))
    await tamtam.stop()
    await gone
    tamtam.accept(late[1])
    expect(late[1].destroyed).toBe(true)
  })
})

describe('a session over a network in memory', () => {
  it('finds out by its ping that nothing arrives any more, and comes back with nothing lost', async () => {
    const tamtam = await started()
    const network = new MemoryNetwork(tamtam)
    const settings = { firstRetryMs: 5, mostRetryMs: 20, silentMs: 40, answerMs: 500 }
    const budi = await connect('budi@localhost/lobby', { dial: network.dial, settings })
    onTestFinished(() => budi.close())
    const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
    const texts: string[] = []
    budi.events$.subscribe((event) => event.type === 'said' && texts.push(event.text))
    const states: string[] = []
    budi.state$.subscribe(({ status }) => states.push(status))
    network.stall()
    await ani.send({ type: 'say', text: 'is anybody there?' })
    const answer = budi.send({ type: 'say', text: 'yes' })
    await until('it to notice', () => states.includes('retrying'))
    network.unstall()
    expect(await answer).toMatchObject({ type: 'ack', seq: 2 })
    await until('both', () => texts.length === 2)
    expect(texts).toEqual(['is anybody there?', 'yes'])
  })
})
