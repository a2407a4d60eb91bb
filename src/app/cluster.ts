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

/** A host that is a node of a cluster: all nodes have the same rooms and history, around one NATS with JetStream. */
export interface ClusterOptions {
  /** `nats://host:port` each, with user and password in the first where they are wanted. */
  readonly servers: readonly string[]
  /** The cluster's name (`tamtam`): letters, digits, `-` and `_`. */
  readonly name?: string
  /** This node's own name, by default the machine's. */
  readonly node?: string
  /** Where the other nodes reach this one's port, `http://host:port`; left out: at the address that NATS is reached by. */
  readonly advertise?: string
  /** A secret that all nodes share: messages that were not sealed with it are left out. */
  readonly key?: string
  /** Copies of the log, 1 to 5: by default 3, with fewer servers than that 1. */
  readonly replicas?: number
  /** Streams that the rooms are spread over, fixed when the cluster is made (4). */
  readonly shards?: number
  /** Milliseconds over which `stop` sends clients of sessions to other nodes (5000). */
  readonly drainMs?: number
}

/** The adapters of a node of a cluster, around its one connection. */
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

  /** What is no letter of a name there is left out. */
  get node(): string {
    return (this.#options.node ?? hostname()).replace(/[^\w-]/g, '-').slice(0, 64) || 'node'
  }

  /** A single server keeps a single copy. */
  get #replicas(): number {
    const { replicas, servers } = this.#options
    return replicas ?? (servers.length >= clusterDefaults.replicas ? clusterDefaults.replicas : 1)
  }

  /** `failed` is called once, when this node can follow the cluster no more. */
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

  /** `own`: for the secrets that are this host's alone. */
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
