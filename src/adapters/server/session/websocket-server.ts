import type { IncomingMessage } from 'node:http'
import { type Server, WebSocketServer } from 'ws'
import { clientMessageLimits, SUBPROTOCOL } from '#protocol/messages.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import type { SessionParts } from './connection.ts'
import { SessionConnections } from './connections.ts'
import { TransportWebSocket, WebSocketTransport } from './websocket-transport.ts'

/** Where pages and programs come in that speak the Session protocol over a WebSocket: `docs/protocol.md`. */
export class WebSocketSessionServer extends SessionConnections {
  readonly #parts: SessionParts
  readonly #server: Server<typeof TransportWebSocket>

  constructor(parts: SessionParts) {
    super(parts)
    const { settings } = parts
    this.#parts = parts
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: TransportWebSocket,
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
  upgrade(request: IncomingMessage, incoming: IncomingConnection): void {
    const { connection, head } = incoming
    this.#server.handleUpgrade(request, connection, head, (webSocket) => {
      const { clock, metrics, settings } = this.#parts
      metrics.count('connections_websocket')
      this.add(new WebSocketTransport(webSocket, connection, clock, settings), incoming)
    })
  }
}
