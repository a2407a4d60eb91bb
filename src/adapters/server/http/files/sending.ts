import type { ServerResponse } from 'node:http'

/**
 * Writes pieces as the peer takes them, at most `count` bytes of them. They may be lent: the next is asked for when the system has the
 * one before. Answers how many bytes were written. Ends the pieces in any case, and throws what they throw.
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
    while (sent < count) {
      const { done, value } = await pieces.next()
      if (done === true || socket.destroyed) break
      const piece = value.length > count - sent ? value.subarray(0, count - sent) : value
      await written(response, piece)
      sent += piece.length
    }
    return sent
  } finally {
    socket.off('close', gone)
    await pieces.return?.()
  }
}

/** Resolves when the system has taken the piece, or the connection is over. */
function written(response: ServerResponse, piece: Uint8Array): Promise<void> {
  const { socket } = response.req
  return new Promise((resolve) => {
    const settle = () => {
      socket.off('close', settle)
      resolve()
    }
    socket.once('close', settle)
    response.write(piece, settle)
  })
}
