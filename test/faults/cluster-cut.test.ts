import { randomInt } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { CliProcess } from '../harness/cli-process.ts'
import { ClusterNode, ClusterTalk } from '../harness/cluster-talk.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { testOnLan } from '../harness/lan.ts'
import { hasNats, natsProgram } from '../harness/nats.ts'
import { until } from '../harness/patience.ts'
import { hasSwitches, SwitchedMachines } from '../harness/switched-machines.ts'

/** Cuts of the network while members talk. */
const CUTS = Number(process.env['CLUSTER_CUTS'] ?? 3)
const BETWEEN_MS = 1000
/** The first cuts are short, for a run in passing; of more of them each lasts up to that long. */
const CUT_MS = 2000
const MOST_CUT_MS = CUTS > 3 ? 12_000 : CUT_MS
const MACHINES = 3

testOnLan().skipIf(!hasNats() || !hasSwitches())(
  `C127 of what three machines set up by three commands acknowledge, nothing is lost, doubled or moved over ${CUTS} cuts of their network`,
  async () => {
    const network = SwitchedMachines.create(MACHINES)
    const { machines } = network
    const addresses = machines.map(({ address }) => address).join(',')
    const data = await temporaryDirectory()
    const nodeOf = (index: number, name: string, port = 8268) => {
      const { address = '', command = [] } = machines[index] ?? {}
      // Four people behind one address are more than its share of lines.
      const own = ['--node', name, '--data', join(data, name), '--port', `${port}`, '--rate', '100000']
      return new ClusterNode(['--lan', '--cluster', `nats://${addresses}`, ...own], command, address)
    }
    for (const [index, machine] of machines.entries()) {
      const store = join(data, `nats-${index}`)
      await mkdir(store)
      const conf = await CliProcess.run(['nats-conf', addresses, '--node', `${index + 1}`, '--store', store])
      expect(conf.code).toBe(0)
      await writeFile(`${store}.conf`, conf.out)
      machine.start(natsProgram(), ['-c', `${store}.conf`])
    }
    const nodes = machines.map((_, index) => nodeOf(index, `node${index}`))
    await Promise.all(nodes.map((node) => node.start()))
    const talk = new ClusterTalk(nodes)

    const during = async (change: (isCut: boolean) => void) => {
      change(true)
      await pause(CUT_MS + randomInt(MOST_CUT_MS - CUT_MS + 1))
      change(false)
    }
    const cuts = [
      // One machine, with its server and its node.
      (one: number) => during((isCut) => network.plug(one, !isCut)),
      // Between two machines, one way.
      (one: number) => during((isCut) => network.lose(one, (one + 1) % MACHINES, isCut)),
      (_: number) => during((isCut) => network.plugAll(!isCut)),
    ]
    for (let cut = 0; cut < CUTS; cut++) {
      await pause(BETWEEN_MS)
      await cuts[cut % cuts.length]?.(randomInt(MACHINES))
    }
    for (const node of nodes)
      await until('every node to be ready', () =>
        node.ask('/readyz', '', {}).then(
          ({ ok }) => ok,
          () => false,
        ),
      )
    const acknowledgements = await talk.verify(nodeOf(0, 'empty', 8269))
    console.log(`C127: ${CUTS} cuts, ${acknowledgements} acknowledged, 0 lost, doubled or moved`)
  },
)
