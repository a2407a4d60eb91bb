import type { IncomingMessage } from 'node:http'
import { WebSocketServer } from 'ws'
import { clientMessageLimits } from '../../codec/wire/limits.ts'
import { SUBPROTOCOL } from '../../codec/wire/messages.ts'
import type { SessionParts } from '../shared/session/connection.ts'
import { SessionConnections } from '../shared/session/connections.ts'
import type { Door, Visitor } from '../shared/visitor.ts'
import { WebSocketCarrier } from './carrier.ts'

/** Where pages and programs come in that speak the Session protocol over a WebSocket: `docs/protocol.md`. */
export class WebSocketDoor implements Omit<Door, 'welcome'> {
  readonly #parts: SessionParts
  readonly #connections: SessionConnections
  readonly #server: WebSocketServer

  constructor(parts: SessionParts) {
    const { settings } = parts
    this.#parts = parts
    this.#connections = new SessionConnections(parts)
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      autoPong: false,
      maxPayload: clientMessageLimits.bytes,
      maxFragments: settings.fragments,
      maxBufferedChunks: settings.bufferedChunks,
      handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    })
  }

  /** Whether a request is for a WebSocket of this door. */
  wants({ url = '', headers, method }: IncomingMessage): boolean {
    return method === 'GET' && url.split('?', 1)[0] === '/ws' && headers.upgrade?.toLowerCase() === 'websocket'
  }

  /** Takes over a connection whose request asks for a WebSocket. */
  accept(request: IncomingMessage, visitor: Visitor): void {
    const { connection, head } = visitor
    this.#server.handleUpgrade(request, connection, head, (webSocket) => {
      const { clock, metrics, settings } = this.#parts
      metrics.count('connections_websocket')
      this.#connections.add(new WebSocketCarrier(webSocket, connection, clock, settings), visitor)
    })
  }

  stopReading(): void {
    this.#connections.stopReading()
  }

  close(why: string, ms: number): Promise<void> {
    return this.#connections.close(why, ms)
  }

  sweep(ms: number): void {
    this.#connections.sweep(ms)
  }
}
