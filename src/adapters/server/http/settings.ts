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
  /** Names of this host, beside its addresses and `localhost`, that a request may be meant for. */
  readonly hostNames: readonly string[]
  /** All addresses are below this path, `/chat`, for clients that ask for it and for those whose proxy takes it away; empty for none. */
  readonly basePath: string
  /** The room of requests that name none. */
  readonly room: string
  /** A request's whole head: its bytes, its fields, and the time it may take. */
  readonly headBytes: number
  readonly headers: number
  readonly headMs: number
  /** A body that does not grow for this long has failed. */
  readonly bodyStallMs: number
  /** A body of which fewer bytes than these come in this long has failed, too. */
  readonly bodyWindowMs: number
  readonly bodyLeastBytes: number
  /** A message whose outcome is not known after this long is answered so; left out: it waits. */
  readonly answerMs?: number
  /** How long a connection may wait for its next request. */
  readonly idleMs: number
  /** How long the rest of a body is read and dropped after an early answer. */
  readonly lingerMs: number
  /** Requests that wait for the one before them on one connection. */
  readonly pipelined: number
  /** The body of a request that says something. */
  readonly messageBytes: number
  /** The most that may come with an `Upload-Checksum`: it waits in memory until it is known to be right. */
  readonly checkedBytes: number
  /** Downloads at once. */
  readonly downloads: number
  /** Bytes that one message may have in the room. */
  readonly maxTextBytes: number
  /**
   * The rate in lines a second, and of all that costs as much (`connection/rate-limit.ts`): for each member, and for each address of
   * everybody else. 0 for no limit; loopback only where `rateOnLoopback`.
   */
  readonly linesPerSecond: number
  readonly linesBurst: number
  readonly rateOnLoopback: boolean
  /** Entries on one page, unless asked otherwise and at most. */
  readonly pageEntries: number
  readonly maxPageEntries: number
  /** Above this much waiting, a reader of a stream reads on from the journal later. */
  readonly outboxMarkBytes: number
  /** The time between two signs of life on a stream of Server-Sent Events. */
  readonly heartbeatMs: number
}

/** Whether all addresses can be below a path: `/chat`, or nothing. */
export const isBasePath = (path: string): boolean => /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)*$/.test(path)

/** Metrics that can be read as text, for `GET /metrics`. */
export interface ReadableMetrics extends Metrics {
  readonly contentType: string
  text(): Promise<string>
  /** The same as numbers by name. */
  values(): Promise<Readonly<Record<string, number>>>
}

export const canBeRead = (metrics: Metrics): metrics is ReadableMetrics =>
  'contentType' in metrics && 'text' in metrics && 'values' in metrics

/** Takes over connections that became WebSockets. */
export interface WebSockets {
  /** Whether this is a request for one of them; others are answered like any request. */
  wants(request: Pick<IncomingMessage, 'url' | 'headers' | 'method'>): boolean
  /** `incoming.head` holds the bytes behind the request. */
  upgrade(request: IncomingMessage, incoming: IncomingConnection): void
}

/** The other nodes of a cluster that this host is one of. */
export interface OtherNodes {
  /** Answers a request of another node's own; false where it is none. */
  serve(request: IncomingMessage, response: ServerResponse): boolean
  /** The address of the client whose request another node passes on; undefined where none does. */
  clientOf(request: IncomingMessage): string | undefined
  /** Has a node answer a client's request; false where it cannot be reached, and nothing was answered. */
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
  /** Whose a login of IRC is. */
  readonly persons: Pick<Persons, 'keyOf'>
  readonly webSockets: WebSockets
  readonly downloads: DownloadSlots
  /** By which SSH clients know this host again. */
  readonly sshFingerprint: () => string
  /** The folder of the built page; undefined where none is served. */
  readonly page: URL | undefined
  /** The fault of the stores; undefined where they have none. */
  readonly health: () => HealthReport | undefined
  /** Why people should rather come to another host; undefined where they should not. */
  readonly unready: () => string | undefined
  /** Undefined where this host is no node of a cluster. */
  readonly nodes: OtherNodes | undefined
}

export interface HealthReport {
  /** Whether they take nothing just now. */
  readonly refuses: boolean
  /** For people. */
  readonly message: string
}
