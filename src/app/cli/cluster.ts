import { setTimeout as pause } from 'node:timers/promises'
import { ClusterConnection } from '#cluster/connection.ts'
import { type Beat, listenForBeats } from '#cluster/members.ts'
import { Subjects } from '#cluster/subjects.ts'
import { SilentLog } from '#system/log.ts'
import { type HostConfig, hostConfig } from '../config.ts'
import { clusterFailure, clusterOptionsOf, refuseTypedPassword } from './cluster-options.ts'
import { print, printJson, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

/** A little more than the interval at which each node announces itself. */
const LISTEN_MS = 1500

/** `tamtam cluster`. */
export const runCluster = (flags: Record<string, unknown>): Promise<void> => {
  refuseTypedPassword(flags)
  return run(() => showNodes(hostConfig(flags, process.env), process.env))
}

async function showNodes(config: HostConfig, env: NodeJS.ProcessEnv): Promise<void> {
  const { cluster } = clusterOptionsOf(config, env)
  if (cluster === undefined)
    throw new CommandFailed(exitCodes.usage, 'give the NATS servers of the cluster with --cluster, or TAMTAM_CLUSTER')
  const connection = new ClusterConnection({ servers: cluster.servers, name: 'tamtam cluster' }, new SilentLog())
  await connection.open().catch(clusterFailure)
  try {
    const beats = new Map<string, Beat>()
    const subjects = new Subjects(config.clusterName, 1)
    listenForBeats(connection.bus, subjects, cluster.key, (beat) => beats.set(beat.host, beat))
    await pause(LISTEN_MS)
    const nodes = [...beats.values()].sort((one, other) => (one.host < other.host ? -1 : 1))
    if (config.json) await printJson({ type: 'cluster', name: config.clusterName, nodes })
    else for (const line of linesOf(nodes)) await print(line)
    if (nodes.length === 0)
      throw new CommandFailed(
        exitCodes.notFound,
        `no node of the cluster ${config.clusterName} is heard; with TAMTAM_CLUSTER_KEY only those that have the same key`,
      )
  } finally {
    await connection.close()
  }
}

const HEAD = ['node', 'members', 'behind', 'version']

function linesOf(nodes: readonly Beat[]): readonly string[] {
  const rows = nodes.map(({ node, members, lagMs, version }) => [node, `${members}`, `${lagMs} ms`, version])
  const table = nodes.length === 0 ? [] : [HEAD, ...rows]
  const widths = HEAD.map((_, column) => Math.max(0, ...table.map((row) => row[column]?.length ?? 0)))
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
