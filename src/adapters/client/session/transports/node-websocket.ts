import { WebSocket } from 'ws'
import { type Way, WayAgent } from '#client/endpoint.ts'
import type { WebSocketClass } from './websocket.ts'

/** WebSockets of this process that go a given way: the platform's own could not hold a host to its key. */
export function webSocketsOver(way: Way): WebSocketClass {
  const agent = new WayAgent(way)
  return class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { perMessageDeflate: false, agent })
    }
  }
}
