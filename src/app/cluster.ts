import { hostname } from 'node:os'
import { StreamBucket } from '#cluster/bucket.ts'
import { ClusterConnection } from '#cluster/connection.ts'
import { ClusterMembers } from '#cluster/members.ts'
import { ClusterNames } from '#cluster/names.ts'
import { Subjects } from '#cluster/subjects.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Clock, Log, Metrics } from '#domain/ports/system.ts'
import { ClusterJournal, type ClusterJournalOptions } from '#storage/cluster/journal.ts'
import { ClusterSecretStore } from '#storage/cluster/secret-store.ts'
import { version } from './about.ts'
import { clusterDefaults } from './defaults.ts'
import type { Health } from './health.ts'

/** Makes the host a node of a cluster: all nodes share rooms and history, through one NATS with JetStream. */
export interface ClusterOptions {
  /** `nats://host:port` each; user and password, if needed, in the first. */
  readonly servers: readonly string[]
  /** The cluster's name (`tamtam`): letters, digits, `-` and `_`. */
  readonly name?: string
  /** This node's own name; left out: the machine's. */
  readonly node?: string
  /** The address of this node's port for other nodes, `http://host:port`; left out: the address at which NATS is reached. */
  readonly advertise?: string
  /** A secret shared by all nodes: messages without its seal are ignored. */
  readonly key?: string
  /** Copies of the log, 1 to 5; left out: 3, or 1 with fewer than 3 servers. */
  readonly replicas?: number
  /** Number of streams for the rooms, fixed when the cluster is created (4). */
  readonly shards?: number
  /** Milliseconds over which `stop` spreads sending session clients to other nodes (5000). */
  readonly drainMs?: number
}

/** The adapters of a node, around its one connection to NATS. */
export class ClusterAdapters {
  readonly members: ClusterMembers
  readonly #options: ClusterOptions
  readonly #ports: { readonly clock: Clock; readonly log: Log; readonly metrics: Metrics }
  readonly #health: Health
  readonly #connection: ClusterConnection
  readonly #subjects: Subjects

  constructor(options: ClusterOptions, ports: { clock: Clock; log: Log; metrics: Metrics }, health: Health) {
    this.#options = options
    this.#ports = ports
    this.#health = health
    this.#connection = new ClusterConnection({ servers: options.servers, name: `tamtam ${this.node}` }, ports.log)
    this.#subjects = new Subjects(options.name ?? clusterDefaults.name, 1)
    this.members = new ClusterMembers({
      ...{ bus: this.#connection.bus, subjects: this.#subjects, node: this.node, key: options.key, version },
      ...ports,
      lagMs: () => health.lagMs(),
    })
  }

  /** Characters that are not valid in a name are left out. */
  get node(): string {
    return (this.#options.node ?? hostname()).replace(/[^\w-]/g, '-').slice(0, 64) || 'node'
  }

  /** A single server keeps a single copy. */
  get #replicas(): number {
    const { replicas, servers } = this.#options
    return replicas ?? (servers.length >= clusterDefaults.replicas ? clusterDefaults.replicas : 1)
  }

  /** `failed` is called once, when this node cannot follow the cluster any more. */
  journal(
    copy: ClusterJournalOptions['copy'],
    directory: string | undefined,
    failed: (error: unknown) => void,
  ): ClusterJournal {
    const { name: cluster = clusterDefaults.name, shards = clusterDefaults.shards, key } = this.#options
    const { log, metrics } = this.#ports
    const journal = new ClusterJournal({
      ...{ connection: this.#connection, cluster, node: this.node, replicas: this.#replicas, shards, copy },
      ...{ log, metrics, onFailed: failed },
      ...(key === undefined ? {} : { key }),
      ...(directory === undefined ? {} : { directory }),
      onReach: (isReached) => this.#health.reachesCluster(isReached),
    })
    this.#health.lagMs = () => journal.lagMs
    return journal
  }

  /** `own`: for the secrets of this host alone. */
  secretStore(own: SecretStore): ClusterSecretStore {
    return new ClusterSecretStore(this.#bucket('secrets'), this.#connection, this.#options.key, own, this.#ports.log)
  }

  get names(): ClusterNames {
    const { key } = this.#options
    return new ClusterNames({ bucket: this.#bucket('names'), nodes: this.members, key, log: this.#ports.log })
  }

  #bucket(name: 'secrets' | 'names'): StreamBucket {
    return new StreamBucket(this.#connection, this.#subjects.bucket(name), this.#replicas, this.#ports.log)
  }
}
