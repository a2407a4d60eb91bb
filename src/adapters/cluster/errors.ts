/** Why a node does not start, or has to stop. */
export type ClusterFault =
  /** No server of the cluster can be reached. */
  | 'CLUSTER_UNREACHABLE'
  /** It cannot carry a cluster, or is set up otherwise than this node expects. */
  | 'CLUSTER_UNFIT'
  /** The data directory is not a copy of this cluster. */
  | 'CLUSTER_OTHER_DATA'
  /** Another node of this name lives. */
  | 'CLUSTER_NODE_TAKEN'

/** The sentence tells cause and remedy. */
export class ClusterRefused extends Error {
  readonly code: ClusterFault

  constructor(code: ClusterFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
