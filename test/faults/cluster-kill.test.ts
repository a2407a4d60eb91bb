import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { any, ClusterNode, ClusterTalk } from '../harness/cluster-talk.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { hasNats, NatsServer } from '../harness/nats.ts'

/** What is killed or stopped while members talk; each time one thing, or two servers at once. */
const KILLS = Number(process.env['CLUSTER_KILLS'] ?? 6)
const BETWEEN_MS = 700
const DOWN_MS = 400

test.skipIf(!hasNats())(
  `C126 C132 of what three nodes on three servers acknowledge, nothing is lost, doubled or moved over ${KILLS} kills and stops`,
  async () => {
    const servers = await NatsServer.start(3)
    const urls = servers.map(({ url }) => url).join(',')
    const data = await temporaryDirectory()
    const nodeOf = (name: string) =>
      new ClusterNode(['--port', '0', '--data', `${data}/${name}`, '--cluster', urls, '--node', name])
    const nodes = ['a', 'b', 'c'].map(nodeOf)
    await Promise.all(nodes.map((node) => node.start()))
    const talk = new ClusterTalk(nodes)

    const harm = {
      'a node is killed': async () => {
        const node = any(nodes)
        await node.kill()
        await pause(DOWN_MS)
        await node.start()
      },
      'a server is killed': async () => {
        const server = any(servers)
        await server.kill()
        await pause(DOWN_MS)
        await server.start()
      },
      'a node stands still': async () => {
        const node = any(nodes)
        node.signal('SIGSTOP')
        await pause(DOWN_MS)
        node.signal('SIGCONT')
      },
      'a server stands still': async () => {
        const server = any(servers)
        server.signal('SIGSTOP')
        await pause(2 * DOWN_MS)
        server.signal('SIGCONT')
      },
      'a node is stopped and started, as for another version': async () => {
        const node = any(nodes)
        expect(await node.stop()).toBe(0)
        await node.start()
      },
      'two servers are killed': async () => {
        const [one, other] = servers
        await Promise.all([one?.kill(), other?.kill()])
        await pause(DOWN_MS)
        await Promise.all([one?.start(), other?.start()])
      },
    }
    const kinds = Object.values(harm)
    for (let kill = 0; kill < KILLS; kill++) {
      await pause(BETWEEN_MS)
      await kinds[kill % kinds.length]?.()
    }
    await pause(BETWEEN_MS)
    const acknowledgements = await talk.verify(nodeOf('d'))
    console.log(`C126 C132: ${KILLS} kills and stops, ${acknowledgements} acknowledged, 0 lost, doubled or moved`)
    expect(acknowledgements).toBeGreaterThan(KILLS)
  },
)
