import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Engine } from '#domain/engine/engine.ts'
import type { Clock } from '#domain/ports/clock.ts'
import type { Ids } from '#domain/ports/ids.ts'
import type { Log } from '#domain/ports/log.ts'
import type { Metrics } from '#domain/ports/metrics.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import type { KeyRegistry } from '../connection/key-registry.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { SignedLinks } from '../security/signed-links.ts'
import type { GuestNames } from './guest-names.ts'
import type { Rates } from './rates.ts'
import type { HttpSettings } from './settings.ts'

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
  wants(request: IncomingMessage): boolean
  /** The visitor's `head` is what came behind the request. */
  upgrade(request: IncomingMessage, incoming: IncomingConnection): void
}

/** What the HTTP door is made of. */
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
  readonly people: Pick<KeyRegistry, 'placeOf' | 'isHere'>
  /** Where requests for a WebSocket go. */
  readonly webSockets: WebSockets
  /** Where the built page is; undefined where none is served. */
  readonly page: string | undefined
  /** What is wrong with the stores; undefined where nothing is. */
  readonly trouble: () => HealthReport | undefined
}

export interface HealthReport {
  /** Whether they take nothing just now. */
  readonly refuses: boolean
  /** For people. */
  readonly message: string
}

/** What its routes stand on. */
export interface HttpParts extends HttpServerParts {
  readonly names: GuestNames
  readonly rates: Rates
  /** Aborted when the host stops: what would go on for long ends then. */
  readonly closing: AbortSignal
  visitorOf(request: IncomingMessage): IncomingConnection
}

/** Adds some routes to the door. */
export type Routes = (app: FastifyInstance, parts: HttpParts) => void | Promise<void>
