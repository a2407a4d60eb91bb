import type { ServerResponse } from 'node:http'

/**
 * Writes pieces as the peer takes them, at most `count` bytes of them; the next piece is read while the one before is on its way.
 * Answers how many bytes were written. Ends the pieces in any case, and throws what they throw.
 */
export async function send(
  pieces: AsyncIterator<Uint8Array>,
  response: ServerResponse,
  count: number,
): Promise<number> {
  const { socket } = response.req
  // Not the response's own `close`: one that waits behind another on its connection never hears of its end.
  const gone = () => {
    pieces.return?.()?.catch(() => {})
  }
  socket.once('close', gone)
  let sent = 0
  try {
    for (let next = pieces.next(); sent < count; ) {
      const { done, value } = await next
      if (done === true || socket.destroyed) break
      const piece = value.length > count - sent ? value.subarray(0, count - sent) : value
      sent += piece.length
      const taken = response.write(piece)
      if (sent === count) break
      next = pieces.next()
      // It is awaited below, after the wait for the peer.
      next.catch(() => {})
      if (!taken) await drained(response)
    }
    return sent
  } finally {
    socket.off('close', gone)
    await pieces.return?.()
  }
}

function drained(response: ServerResponse): Promise<void> {
  const { socket } = response.req
  return new Promise((resolve) => {
    const settle = () => {
      response.off('drain', settle)
      socket.off('close', settle)
      resolve()
    }
    response.once('drain', settle)
    socket.once('close', settle)
    if (socket.destroyed) settle()
  })
}
