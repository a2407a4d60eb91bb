import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Engine } from '#domain/engine/engine.ts'
import type { Clock, Ids, Log, Metrics } from '#domain/ports/system.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import type { KeyRegistry } from '../connection/key-registry.ts'
import type { DownloadSlots } from '../files/download-slots.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { FailedAttemptSettings } from '../security/failed-attempts.ts'
import type { Persons } from '../security/persons.ts'
import type { SignedLinks } from '../security/signed-links.ts'

/** The limits of the HTTP server; the defaults stand in `app/defaults.ts`. */
export interface HttpSettings extends FailedAttemptSettings {
  /** Names of this host, besides its addresses and `localhost`, that requests may be addressed to. */
  readonly hostNames: readonly string[]
  /** A base path of all addresses, `/chat`, whether or not a proxy removes it; empty without one. */
  readonly basePath: string
  /** The room for requests without one. */
  readonly room: string
  /** Limits of a request's head: its bytes, its number of fields, and its time. */
  readonly headBytes: number
  readonly headers: number
  readonly headMs: number
  /** A body without progress for this long has failed. */
  readonly bodyStallMs: number
  /** A body with fewer bytes than these in this time has failed, too. */
  readonly bodyWindowMs: number
  readonly bodyLeastBytes: number
  /** A message without an outcome after this long is answered so; left out: it waits. */
  readonly answerMs?: number
  /** Time that a connection may wait for its next request. */
  readonly idleMs: number
  /** After an early answer, the rest of a body is read and dropped for this long. */
  readonly lingerMs: number
  /** Number of requests that may wait behind another on one connection. */
  readonly pipelined: number
  /** Bytes of a request body, except for files. */
  readonly messageBytes: number
  /** Bytes of a part with an `Upload-Checksum`, which waits in memory until it is verified. */
  readonly checkedBytes: number
  /** Number of downloads at once. */
  readonly downloads: number
  /** Bytes of one message in the room. */
  readonly maxTextBytes: number
  /**
   * The rate in lines a second, and in everything that costs as much (`connection/rate-limit.ts`): for each member, and for each address
   * of everybody else. 0: no limit; for loopback only with `rateOnLoopback`.
   */
  readonly linesPerSecond: number
  readonly linesBurst: number
  readonly rateOnLoopback: boolean
  /** Entries on one page: the default, and the maximum. */
  readonly pageEntries: number
  readonly maxPageEntries: number
  /** With more bytes waiting than this, a reader of a stream is paused, and continues from the journal. */
  readonly outboxMarkBytes: number
  /** The time between two signs of life on a stream of Server-Sent Events. */
  readonly heartbeatMs: number
}

/** Whether this can be the base path of all addresses: `/chat`, or nothing. */
export const isBasePath = (path: string): boolean => /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)*$/.test(path)

/** Metrics as text, for `GET /metrics`. */
export interface ReadableMetrics extends Metrics {
  readonly contentType: string
  text(): Promise<string>
  /** Metrics as numbers by name. */
  values(): Promise<Readonly<Record<string, number>>>
}

export const canBeRead = (metrics: Metrics): metrics is ReadableMetrics =>
  'contentType' in metrics && 'text' in metrics && 'values' in metrics

/** Takes over connections that became WebSockets. */
export interface WebSockets {
  /** Whether this request is for a WebSocket; others are answered like any request. */
  wants(request: Pick<IncomingMessage, 'url' | 'headers' | 'method'>): boolean
  /** `incoming.head` holds the bytes after the request. */
  upgrade(request: IncomingMessage, incoming: IncomingConnection): void
}

/** The other nodes of this host's cluster. */
export interface OtherNodes {
  /** Answers a request made by another node itself; false if it is none. */
  serve(request: IncomingMessage, response: ServerResponse): boolean
  /** The address of the client whose request another node passes on; undefined otherwise. */
  clientOf(request: IncomingMessage): string | undefined
  /** Passes a client's request on to a node. False if that cannot be reached, and nothing was answered. */
  passOn(node: string, request: IncomingMessage, response: ServerResponse, client: string): Promise<boolean>
}

/** The ports and neighbours of the HTTP server. */
export interface HttpServerParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  readonly settings: HttpSettings
  readonly accessControl: AccessControl
  readonly signedLinks: SignedLinks
  /** The members that requests can act as. */
  readonly keyRegistry: Pick<KeyRegistry, 'sessionOf' | 'isHere' | 'lastHeard'>
  /** Members by their IRC login. */
  readonly persons: Pick<Persons, 'keyOf'>
  readonly webSockets: WebSockets
  readonly downloads: DownloadSlots
  /** The SSH fingerprint of this host. */
  readonly sshFingerprint: () => string
  /** The folder of the built page; undefined without a page. */
  readonly page: URL | undefined
  /** The fault of the stores; undefined without one. */
  readonly health: () => HealthReport | undefined
  /** The reason why clients should go to another host; undefined otherwise. */
  readonly unready: () => string | undefined
  /** Undefined outside a cluster. */
  readonly nodes: OtherNodes | undefined
}

export interface HealthReport {
  /** Whether the host accepts nothing at the moment. */
  readonly refuses: boolean
  /** For people. */
  readonly message: string
}
