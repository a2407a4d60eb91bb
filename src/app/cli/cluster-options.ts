import { type ClusterFault, ClusterRefused } from '#cluster/errors.ts'
import type { TamtamOptions } from '../compose.ts'
import type { HostConfig } from '../config.ts'
import { CommandFailed, type ExitCode, exitCodes } from './exit-codes.ts'

export function refuseTypedPassword(flags: Record<string, unknown>): void {
  if (!String(flags['cluster'] ?? '').includes('@')) return
  throw new CommandFailed(
    exitCodes.unsafeConfiguration,
    'everyone on this machine sees what is typed: put the password of the cluster into TAMTAM_CLUSTER, or into the configuration file',
  )
}

/** The key is no setting, since `tamtam config` prints those. */
export function clusterOptionsOf(config: HostConfig, env: NodeJS.ProcessEnv): Pick<TamtamOptions, 'cluster'> {
  const {
    cluster: servers,
    clusterName: name,
    node,
    advertise,
    clusterReplicas: replicas,
    clusterShards: shards,
    drain,
  } = config
  if (servers === undefined) return {}
  const key = env['TAMTAM_CLUSTER_KEY']
  return {
    cluster: {
      ...{ servers, name, shards, drainMs: drain * 1000 },
      ...(node === undefined ? {} : { node }),
      ...(advertise === undefined ? {} : { advertise }),
      ...(key === undefined || key === '' ? {} : { key }),
      ...(replicas === undefined ? {} : { replicas }),
    },
  }
}

/** Throws the failure that the program ends with; other errors unchanged. */
export function clusterFailure(error: unknown): never {
  if (!(error instanceof ClusterRefused)) throw error
  throw new CommandFailed(EXIT_OF[error.code], error.message, { cause: error })
}

const EXIT_OF = {
  CLUSTER_UNREACHABLE: exitCodes.unreachable,
  CLUSTER_UNFIT: exitCodes.unsafeConfiguration,
  CLUSTER_OTHER_DATA: exitCodes.unsafeConfiguration,
  CLUSTER_NODE_TAKEN: exitCodes.directoryInUse,
} as const satisfies Record<ClusterFault, ExitCode>
