import { isIPv6 } from 'node:net'
import type { ClusterMembers } from '#cluster/members.ts'
import { NodeClient } from '#cluster/node-client.ts'
import { NodeSignature } from '#cluster/node-signature.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Clock } from '#domain/ports/system.ts'
import { keptSecret, newSecret } from '#server/security/host-token.ts'
import { addressTowards, isEverywhere } from '#system/network.ts'

export interface NodeLinkParts {
  readonly members: ClusterMembers
  readonly secretStore: SecretStore
  readonly clock: Clock
  /** The cluster's servers of NATS. */
  readonly servers: readonly string[]
  /** Where other nodes reach this one; left out: found out. */
  readonly advertise: string | undefined
}

/** Where a host listens; `fingerprint`: of its TLS key. */
interface Listening {
  readonly host: string
  readonly port: number
  readonly fingerprint?: string
}

/** The way between this node and the others: at the ports that they have for everybody. */
export class NodeLink {
  readonly signature: NodeSignature
  readonly client: NodeClient
  readonly #parts: NodeLinkParts

  constructor(parts: NodeLinkParts) {
    this.#parts = parts
    this.signature = new NodeSignature(parts.clock)
    this.client = new NodeClient(parts.members, this.signature)
  }

  async open(): Promise<void> {
    this.signature.open(await keptSecret(this.#parts.secretStore, 'nodes', newSecret))
  }

  /** This node listens there: from now on the others hear where they reach it. */
  async listens({ host: bind, port, fingerprint }: Listening): Promise<void> {
    const { advertise, members, servers } = this.#parts
    if (members.url !== undefined) return
    const [first = ''] = servers
    const host = isEverywhere(bind) ? await addressTowards(new URL(first).hostname) : bind
    const at =
      advertise ?? `${fingerprint === undefined ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${port}`
    members.url = fingerprint === undefined ? at : `${at}#${encodeURIComponent(fingerprint)}`
  }

  close(): void {
    this.client.close()
  }
}
