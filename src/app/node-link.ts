import { isIPv6 } from 'node:net'
import type { ClusterMembers } from '#cluster/members.ts'
import { NodeClient } from '#cluster/node-client.ts'
import { NodeServer } from '#cluster/node-server.ts'
import { NodeSignature } from '#cluster/node-signature.ts'
import type { BoundedFileStore, ForgottenHost } from '#domain/ports/file-store.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Clock, Log, Metrics } from '#domain/ports/system.ts'
import { keptSecret, newSecret } from '#server/security/host-token.ts'
import { ClusterFileStore } from '#storage/cluster/file-store.ts'
import { addressTowards, isEverywhere } from '#system/network.ts'
import type { ClusterOptions } from './cluster.ts'

/** The address that a host listens on; `fingerprint`: of its TLS key. */
interface Listening {
  readonly host: string
  readonly port: number
  readonly fingerprint?: string
}

/** The adapters for a node's files. */
interface NodeLinkAdapters {
  readonly members: ClusterMembers
  readonly secretStore: SecretStore
  readonly ownFiles: BoundedFileStore
}

/** The connection between this node and the others, for files: through the ports that everybody uses. */
export class NodeLink {
  readonly files: ClusterFileStore
  readonly server: NodeServer
  readonly #options: Pick<ClusterOptions, 'servers' | 'advertise'>
  readonly #adapters: NodeLinkAdapters
  readonly #signature: NodeSignature
  readonly #client: NodeClient

  constructor(
    options: Pick<ClusterOptions, 'servers' | 'advertise'> & { readonly node: string },
    adapters: NodeLinkAdapters,
    ports: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics },
    onSingle: (files: number) => void,
  ) {
    this.#options = options
    this.#adapters = adapters
    this.#signature = new NodeSignature(ports.clock)
    this.#client = new NodeClient(adapters.members, this.#signature)
    const { node: host } = options
    this.files = new ClusterFileStore({ ...ports, local: adapters.ownFiles, host, peers: this.#client, onSingle })
    this.server = new NodeServer(this.files, this.#client, this.#signature, ports.log)
  }

  /** `forget` is called with the name of a node that is lost for good. */
  onForget(forget: (node: string) => Promise<ForgottenHost>): void {
    this.#adapters.members.onForget(forget)
  }

  async open(): Promise<void> {
    this.#signature.open(await keptSecret(this.#adapters.secretStore, 'nodes', newSecret))
  }

  /** This node listens there: from now on the others are told its address. */
  async listens({ host: bind, port, fingerprint }: Listening): Promise<void> {
    const { advertise, servers } = this.#options
    const { members } = this.#adapters
    if (members.url !== undefined) return
    const [first = ''] = servers
    const host = isEverywhere(bind) ? await addressTowards(new URL(first).hostname) : bind
    const at =
      advertise ?? `${fingerprint === undefined ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${port}`
    members.url = fingerprint === undefined ? at : `${at}#${encodeURIComponent(fingerprint)}`
  }

  close(): void {
    this.#client.close()
  }
}
