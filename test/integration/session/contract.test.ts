import { describe, test } from 'vitest'
import { type ConnectOptions, connect, createTamtam, type RoomSession } from '#app/index.ts'
import { personOf } from '#server/connection/key-registry.ts'
import { type RoomUnderTest, sessionContract } from '../../contract/client/session-contract.ts'
import { MemoryNetwork, type PairOptions } from '../../contract/index.ts'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { startHost } from '../../harness/host.ts'
import { newIdentity, noKnownHosts } from '../../harness/tls.ts'

const quick = { firstRetryMs: 5, mostRetryMs: 50 }

async function local(): Promise<RoomUnderTest> {
  const { tamtam, stop } = await startHost()
  const known = (id: string) => ({ member: id, person: id })
  const enter: RoomUnderTest['enter'] = ({ key, ...who }) =>
    tamtam.engine.join({ room: 'lobby', ...who, ...(key === undefined ? {} : known(personOf(key))) })
  return { enter, dispose: stop }
}

/** At the other end of connections in memory. */
const inMemory = (options: PairOptions) => async (): Promise<RoomUnderTest> => {
  const tamtam = createTamtam()
  await tamtam.start()
  const network = new MemoryNetwork(tamtam, options)
  const sessions: RoomSession[] = []
  const enter: RoomUnderTest['enter'] = async (who) => {
    const session = await connect('localhost', { settings: quick, dial: network.dial, ...who })
    sessions.push(session)
    return session
  }
  const dispose = async () => {
    await Promise.all(sessions.map((session) => session.close()))
    await tamtam.stop()
  }
  return { enter, cut: () => network.cutAll(), dispose }
}

/** In a room at the other end of `portTo`. */
const remote =
  (options: ConnectOptions, portTo: (port: number) => Promise<Pick<ChaosProxy, 'port' | 'cutAll'>>, scheme = '') =>
  async (): Promise<RoomUnderTest> => {
    const tls = scheme === '' ? {} : { tls: await newIdentity() }
    const host = await startHost({ listen: { silentMs: 10_000, ...tls } })
    const knownHosts = await noKnownHosts()
    const way = await portTo(host.port)
    const sessions: RoomSession[] = []
    const enter: RoomUnderTest['enter'] = async (who) => {
      const session = await connect(`${scheme}127.0.0.1:${way.port}`, {
        settings: quick,
        knownHosts,
        ...options,
        ...who,
      })
      sessions.push(session)
      return session
    }
    const dispose = async () => {
      await Promise.all(sessions.map((session) => session.close()))
      await host.stop()
    }
    return { enter, cut: () => way.cutAll(), dispose }
  }

const straight = async (port: number) => ({ port, cutAll: () => {} })

/** Nothing that was written together comes together. */
async function split(port: number): Promise<ChaosProxy> {
  const proxy = await ChaosProxy.open(port)
  proxy.up.segmentBytes = 1013
  proxy.down.segmentBytes = 1013
  return proxy
}

const frames = { transport: 'frames' } as const
const webSocket = { transport: 'websocket' } as const

describe.each([
  ['in this process', local, false],
  ['over frames in a narrow memory', inMemory({ highWaterMark: 1024 }), true],
  ['over frames in a slow memory', inMemory({ latencyMs: 2 }), true],
  ['over frames', remote(frames, straight), false],
  ['over a WebSocket', remote(webSocket, straight), false],
  ['over frames and TLS', remote(frames, straight, 'tls://'), false],
  ['over a WebSocket and TLS', remote(webSocket, straight, 'tls://'), false],
  ['over frames and a bad network', remote(frames, split), true],
  ['over a WebSocket and a bad network', remote(webSocket, split), true],
  ['over frames, TLS and a bad network', remote(frames, split, 'tls://'), true],
  ['over a WebSocket, TLS and a bad network', remote(webSocket, split, 'tls://'), true],
])('a session %s', (_, make, cuts) => {
  for (const { name, run } of sessionContract(make, cuts)) test(name, run)
})
