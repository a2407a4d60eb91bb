import { connect } from 'node:net'
import { FRAMES_MAGIC, FrameSplitter, joinFrame } from '../../../codec/wire/frames.ts'
import { hostMessageLimits } from '../../../codec/wire/limits.ts'
import { errorText } from '../../error-text.ts'
import type { OpenCarrier } from '../core/carrier.ts'

/** A mobile network forgets a connection that is silent for longer. */
const KEEP_ALIVE_MS = 60_000

/** Frames over TCP. */
export const framesTo =
  (place: { readonly host: string; readonly port: number }): OpenCarrier =>
  (listener) => {
    const { host, port } = place
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
    const splitter = new FrameSplitter(hostMessageLimits.bytes)
    let why = 'the host ended the connection'
    let dropped = false
    socket.once('connect', () => {
      socket.write(FRAMES_MAGIC)
      listener.opened()
    })
    socket.on('data', (bytes) => {
      listener.heard()
      for (const message of splitter.push(bytes)) if (!dropped) listener.received(message)
      if (splitter.fault === undefined) return
      why = 'what answers there is no tamtam'
      socket.destroy()
    })
    socket.on('error', (error) => {
      why = errorText(error)
    })
    socket.once('close', () => {
      if (!dropped) listener.closed(why)
    })
    return {
      send: (message) => void socket.write(joinFrame(message)),
      end: () => void socket.end(),
      drop: () => {
        dropped = true
        socket.destroy()
      },
    }
  }
