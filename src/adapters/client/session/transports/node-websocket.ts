import { WebSocket } from 'ws'
import { ConnectAgent, type Endpoint } from '#client/endpoint.ts'
import type { WebSocketClass } from './websocket.ts'

/** WebSockets of this process that go a given way: the platform's own could not hold a host to its key. */
export function webSocketsOver(way: Endpoint): WebSocketClass {
  const agent = new ConnectAgent(way)
  return class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { perMessageDeflate: false, agent })
    }
  }
}
