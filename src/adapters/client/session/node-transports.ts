import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { rejected } from '#domain/errors.ts'
import { FRAMES_MAGIC, FrameSplitter, joinFrame } from '#protocol/frames.ts'
import { hostMessageLimits } from '#protocol/messages.ts'
import type { Endpoint } from '../endpoint.ts'
import { errorText, NotTrusted } from '../errors.ts'
import { EndpointAgent } from '../node-http.ts'
import type { OpenTransport, WebSocketClass } from './transports.ts'

/** Frames over a TCP or TLS connection. */
export const framesTo =
  (endpoint: Endpoint): OpenTransport =>
  (listener) => {
    const opening = new AbortController()
    const splitter = new FrameSplitter(hostMessageLimits.bytes)
    let connection: Duplex | undefined
    let why = 'the host ended the connection'
    let dropped = false
    const closed = () => {
      if (!dropped) listener.closed(why)
    }
    const opened = (made: Duplex) => {
      if (dropped) return void made.destroy()
      connection = made
      made.on('data', (bytes: Buffer) => {
        listener.heard()
        for (const message of splitter.push(bytes)) if (!dropped) listener.received(message)
        if (splitter.fault === undefined) return
        why = 'something other than tamtam answers there'
        made.destroy()
      })
      made.on('error', (error) => {
        why = errorText(error)
      })
      made.once('close', closed)
      made.write(FRAMES_MAGIC)
      listener.opened()
    }
    endpoint.open(opening.signal).then(opened, (error) => {
      if (dropped) return
      if (error instanceof NotTrusted) listener.refused(rejected(error.code, error.message))
      else listener.closed(errorText(error))
    })
    return {
      send: (message) => void connection?.write(joinFrame(message)),
      end: () => void (connection === undefined ? opening.abort() : connection.end()),
      drop: () => {
        dropped = true
        opening.abort()
        connection?.destroy()
      },
    }
  }

/** WebSockets of this process to an endpoint: the platform's own cannot pin a host's key. */
export function webSocketsOver(endpoint: Endpoint, failed: (error: Error) => void): WebSocketClass {
  const agent = new EndpointAgent(endpoint)
  return class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url, protocols, { perMessageDeflate: false, agent })
      // The platform's listeners are not given a cause.
      this.on('error', failed)
    }
  }
}
