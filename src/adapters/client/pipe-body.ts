import type { ClientRequest } from 'node:http'

/** So small that a slow connection shows that it moves. */
const SLICE_BYTES = 64 * 1024
/** So much may wait for the connection while the next piece is read. */
const MARK_BYTES = 1024 * 1024

/** Writes all pieces, no faster than they leave. Stops where the request is over; throws what the source throws. */
export async function pipeBody(
  pieces: AsyncIterable<Uint8Array>,
  to: ClientRequest,
  moved: (bytes: number) => void,
): Promise<void> {
  let waiting = 0
  let wake = () => {}
  const left = (bytes: number) => (error?: Error | null) => {
    waiting -= bytes
    if (!error) moved(bytes)
    wake()
  }
  to.once('close', () => wake())
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += SLICE_BYTES) {
      if (to.destroyed) return
      const slice = piece.subarray(at, at + SLICE_BYTES)
      waiting += slice.length
      to.write(slice, left(slice.length))
    }
    while (waiting > MARK_BYTES && !to.destroyed)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    if (to.destroyed) return
  }
}
