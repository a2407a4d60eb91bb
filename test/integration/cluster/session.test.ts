import { beforeAll, describe, test } from 'vitest'
import { connect, createTamtam, type RoomSession, type Tamtam } from '#app/index.ts'
import { type RoomUnderTest, sessionContract } from '../../contract/client/session-contract.ts'
import { ChaosProxy } from '../../harness/chaos-proxy.ts'
import { hasNats, NatsServer } from '../../harness/nats.ts'
import { until } from '../../harness/patience.ts'

const NODES = ['a', 'b', 'c'] as const
const quick = { firstRetryMs: 5, mostRetryMs: 50 }
const NAMES = ['ani', 'ayu', 'bambang', 'budi', 'cici', 'dewi'] as const

let nodes: readonly { readonly tamtam: Tamtam; readonly port: number }[]
let rooms = 0

/** A new room, which everybody enters at the next of the nodes; whoever is cut off comes back at another. */
async function alternating(): Promise<RoomUnderTest> {
  const room = `room${++rooms}`
  const sessions: RoomSession[] = []
  const proxy = await ChaosProxy.open(0)
  let turn = 0
  const next = () => {
    proxy.target = nodes[turn++ % nodes.length]?.port ?? 0
  }
  const enter: RoomUnderTest['enter'] = async (who) => {
    next()
    const session = await connect(`127.0.0.1:${proxy.port}/${room}`, { settings: quick, ...who })
    sessions.push(session)
    return session
  }
  const cut = () => {
    next()
    proxy.cutAll()
  }
  const dispose = async () => {
    await Promise.all(sessions.map((session) => session.close()))
    for (const { tamtam } of nodes)
      for (const name of NAMES) await until(`${name} to be free`, () => isFree(tamtam, name))
  }
  return { enter, cut, dispose }
}

const isFree = ({ engine }: Tamtam, name: string): Promise<boolean> =>
  engine.join({ room: 'names', name, hidden: true }).then(
    async (session) => {
      await session.close()
      return true
    },
    () => false,
  )

describe.skipIf(!hasNats())('a session of a cluster, each at another node', () => {
  beforeAll(async () => {
    const [nats] = await NatsServer.start(1, 'sometimes')
    if (nats === undefined) throw new Error('there is one')
    const starting = NODES.map(async (node) => {
      const tamtam = createTamtam({ cluster: { servers: [nats.url], node, shards: 1, drainMs: 0 } })
      await tamtam.start()
      return { tamtam, port: (await tamtam.listen({ port: 0 })).port }
    })
    nodes = await Promise.all(starting)
    return async () => {
      await Promise.all(nodes.map(({ tamtam }) => tamtam.stop()))
      await nats.kill()
    }
  })
  for (const { name, run } of sessionContract(alternating, true)) test(name, run)
})
