import { FRAMES_MAGIC, FrameSplitter, joinFrame } from '../../../codec/wire/frames.ts'
import { hostMessageLimits } from '../../../codec/wire/limits.ts'
import type { Dial } from '../../dial.ts'
import { errorText } from '../../error-text.ts'
import type { OpenCarrier } from '../core/carrier.ts'

/** Frames on a connection of their own. */
export const framesTo =
  (dial: Dial): OpenCarrier =>
  (listener) => {
    const connection = dial()
    const splitter = new FrameSplitter(hostMessageLimits.bytes)
    let why = 'the host ended the connection'
    let dropped = false
    const opened = () => {
      if (dropped) return
      connection.write(FRAMES_MAGIC)
      listener.opened()
    }
    // What is no socket is there already.
    if ('connecting' in connection) connection.once('connect', opened)
    else queueMicrotask(opened)
    connection.on('data', (bytes) => {
      listener.heard()
      for (const message of splitter.push(bytes)) if (!dropped) listener.received(message)
      if (splitter.fault === undefined) return
      why = 'what answers there is no tamtam'
      connection.destroy()
    })
    connection.on('error', (error) => {
      why = errorText(error)
    })
    connection.once('close', () => {
      if (!dropped) listener.closed(why)
    })
    return {
      send: (message) => void connection.write(joinFrame(message)),
      end: () => void connection.end(),
      drop: () => {
        dropped = true
        connection.destroy()
      },
    }
  }
