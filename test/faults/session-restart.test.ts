import { describe, expect, it, onTestFinished } from 'vitest'
import { type Ack, connect, type RoomEvent, type RoomSession } from '#app/index.ts'
import { ChaosProxy } from '../harness/chaos-proxy.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { countFaults } from '../harness/fault-count.ts'
import { HostProcess } from '../harness/host-process.ts'
import { until } from '../harness/patience.ts'

countFaults('hosts that go and come back under sessions')

const quick = { firstRetryMs: 5, mostRetryMs: 100 }

/** A real host on a directory, behind an address that stays when it is started again. */
async function house() {
  const args = ['--data', await temporaryDirectory()]
  const first = await HostProcess.start(args)
  const proxy = await ChaosProxy.open(first.port)
  let host = first.host
  const again = async (end: (host: HostProcess) => Promise<unknown>) => {
    await end(host)
    const next = await HostProcess.start(args)
    host = next.host
    proxy.target = next.port
  }
  const enter = async (
    name: string,
    key?: string,
  ): Promise<{ session: RoomSession; events: RoomEvent[]; states: string[] }> => {
    const known = key === undefined ? {} : { key }
    const session = await connect(`${name}@127.0.0.1:${proxy.port}/lobby`, { settings: quick, after: 0, ...known })
    onTestFinished(() => session.close())
    const events: RoomEvent[] = []
    const states: string[] = []
    session.events$.subscribe((event) => events.push(event))
    session.state$.subscribe((state) => states.push(state.status))
    return { session, events, states }
  }
  return { again, enter }
}

const texts = (events: readonly RoomEvent[]) => events.flatMap((event) => ('text' in event ? [event.text] : []))

describe.each([
  ['killed', (host: HostProcess) => host.kill()],
  ['stopped', (host: HostProcess) => host.stop()],
])('when the host is %s and started again', (_, end) => {
  it('sessions come back, with nothing lost and nothing twice', async () => {
    const { again, enter } = await house()
    const [ani, budi] = [await enter('ani'), await enter('budi')]
    const answers: Promise<unknown>[] = []
    const sent: string[] = []
    const say = (text: string) => {
      sent.push(text)
      answers.push(ani.session.send({ type: 'say', text }))
    }
    for (const round of [1, 2, 3]) {
      for (let number = 0; number < 100; number++) say(`${round}.${number}`)
      await until('some of it', () => texts(budi.events).length > sent.length - 100)
      for (let number = 100; number < 150; number++) say(`${round}.${number}`)
      await again(end)
      for (let number = 150; number < 160; number++) say(`${round}.${number}`)
    }
    const seqs = (await Promise.all(answers)).map((answer) => (answer as Ack).seq)
    expect(seqs).toEqual(sent.map((_text, index) => index + 1))
    await until('all of it', () => [ani, budi].every(({ events }) => texts(events).length >= sent.length))
    for (const { events } of [ani, budi]) expect(texts(events)).toEqual(sent)
    expect(new Set(ani.states)).toEqual(new Set(['connected', 'retrying']))
    // The host's console is a member too, and another one each time.
    const names = ({ members }: RoomSession) => members.map(({ name }) => name).toSorted()
    const both = [ani, budi].map(({ session }) => session)
    await until('everybody', () => both.every((session) => names(session).join() === 'ani,budi,host'))
    await enter('cici')
    await until('the newcomer', () => both.every((session) => names(session).join() === 'ani,budi,cici,host'))
  })
})

it('two connections of one member come back from a host that was killed: one member, each with everything, once', async () => {
  const { again, enter } = await house()
  const key = 'c'.repeat(32)
  const both = [await enter('ani', key), await enter('ani', key)]
  const budi = await enter('budi')
  const answers: Promise<unknown>[] = []
  const sent: string[] = []
  for (const round of [1, 2, 3]) {
    for (const [index, { session }] of both.entries())
      for (let number = 0; number < 50; number++) {
        const text = `${index} ${round}.${number}`
        sent.push(text)
        answers.push(session.send({ type: 'say', text }))
      }
    await until('some of it', () => texts(budi.events).length > sent.length - 100)
    await again((host) => host.kill())
  }
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ type: 'ack' })
  for (const { events, session } of [...both, budi]) {
    await until('all of it', () => texts(events).length >= sent.length)
    expect(texts(events).toSorted()).toEqual(sent.toSorted())
    const names = () => session.members.map(({ name }) => name).toSorted()
    await until('everybody', () => names().join() === 'ani,budi,host')
  }
  for (const index of [0, 1])
    expect(texts(budi.events).filter((text) => text.startsWith(`${index} `))).toEqual(
      sent.filter((text) => text.startsWith(`${index} `)),
    )
  await both[0]?.session.close()
  await both[1]?.session.send({ type: 'say', text: 'still here' })
  await until('that', () => texts(budi.events).includes('still here'))
  expect(budi.session.members.map(({ name }) => name).toSorted()).toEqual(['ani', 'budi', 'host'])
})

it('a connection on which nothing comes any more is found out, and another one made', async () => {
  const { host, port } = await HostProcess.start(['--data', await temporaryDirectory()])
  const proxy = await ChaosProxy.open(port)
  const settings = { ...quick, silentMs: 100, answerMs: 3000 }
  const session = await connect(`ani@127.0.0.1:${proxy.port}`, { settings })
  onTestFinished(() => session.close())
  const whys: string[] = []
  session.state$.subscribe((state) => state.status === 'retrying' && whys.push(state.why))
  proxy.down.stall()
  const said = session.send({ type: 'say', text: 'halo' })
  await until('it to be found out', () => whys.length > 0)
  proxy.down.release()
  expect(whys[0]).toBe('it does not answer')
  expect(await said).toMatchObject({ type: 'ack', seq: 1 })
  await host.stop()
})
