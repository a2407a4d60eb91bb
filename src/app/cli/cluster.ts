import { setTimeout as pause } from 'node:timers/promises'
import { ClusterConnection } from '#cluster/connection.ts'
import { askToForget, type Beat, listenForBeats } from '#cluster/members.ts'
import { Subjects } from '#cluster/subjects.ts'
import type { LostFile } from '#domain/ports/file-store.ts'
import { SilentLog } from '#system/log.ts'
import { type HostConfig, hostConfig } from '../config.ts'
import { clusterFailure, clusterOptionsOf, refuseTypedPassword } from './cluster-options.ts'
import { print, printJson, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

/** A little more than the interval at which each node announces itself. */
const LISTEN_MS = 1500

interface Cluster {
  readonly config: HostConfig
  readonly connection: ClusterConnection
  readonly subjects: Subjects
  readonly key: string | undefined
  readonly nodes: readonly Beat[]
}

/** `tamtam cluster`, and `tamtam cluster forget NODE`. */
export const runCluster = (flags: Record<string, unknown>, action?: string, node?: string): Promise<void> => {
  refuseTypedPassword(flags)
  if (action !== undefined && (action !== 'forget' || node === undefined))
    throw new CommandFailed(exitCodes.usage, 'tamtam cluster lists nodes; tamtam cluster forget NODE forgets one')
  const act = node === undefined ? showNodes : (cluster: Cluster) => forgetNode(cluster, node)
  return run(() => inCluster(hostConfig(flags, process.env), process.env, act))
}

async function inCluster(
  config: HostConfig,
  env: NodeJS.ProcessEnv,
  act: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const { cluster } = clusterOptionsOf(config, env)
  if (cluster === undefined)
    throw new CommandFailed(exitCodes.usage, 'give the NATS servers of the cluster with --cluster, or TAMTAM_CLUSTER')
  const { key, servers } = cluster
  const connection = new ClusterConnection({ servers, name: 'tamtam cluster' }, new SilentLog())
  await connection.open().catch(clusterFailure)
  try {
    const beats = new Map<string, Beat>()
    const subjects = new Subjects(config.clusterName, 1)
    listenForBeats(connection.bus, subjects, key, (beat) => beats.set(beat.host, beat))
    await pause(LISTEN_MS)
    const nodes = [...beats.values()].sort((one, other) => (one.host < other.host ? -1 : 1))
    await act({ config, connection, subjects, key, nodes })
    if (nodes.length === 0)
      throw new CommandFailed(
        exitCodes.notFound,
        `no node of the cluster ${config.clusterName} is heard; with TAMTAM_CLUSTER_KEY only those that have the same key`,
      )
  } finally {
    await connection.close()
  }
}

async function showNodes({ config, nodes }: Cluster): Promise<void> {
  if (config.json) await printJson({ type: 'cluster', name: config.clusterName, nodes })
  else for (const line of linesOf(nodes)) await print(line)
}

/** Each living node has the files copied that it alone has now. */
async function forgetNode({ config, connection, subjects, key, nodes }: Cluster, node: string): Promise<void> {
  if (nodes.some((each) => each.node === node))
    throw new CommandFailed(exitCodes.usage, `the node ${node} lives; stop it first`)
  let copying = 0
  const lost = new Map<string, LostFile>()
  for (const { host, node: asked } of nodes) {
    const forgotten = await askToForget(connection.bus, subjects, key, { host, node })
    if (forgotten === undefined)
      throw new CommandFailed(
        exitCodes.incomplete,
        `the node ${asked} could not compare its files with those of the others; wait until all nodes live, and type it again`,
      )
    copying += forgotten.copying
    for (const file of forgotten.lost) lost.set(`${file.room}/${file.name}`, file)
  }
  if (nodes.length === 0) return
  if (config.json) await printJson({ type: 'forgotten', node, copying, lost: [...lost.values()] })
  else {
    await print(`${node} is forgotten; ${copying} files are copied to a second node`)
    for (const { room, name } of lost.values()) await print(`lost: ${name} in ${room}`)
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
