import { createServer, type Socket } from 'node:net'

/** What yardsticks read and write at once. */
export const BLOCK_BYTES = 1024 * 1024

/** Serves each connection on a free port, which standard output tells; ends when standard input does. A mistake ends the yardstick. */
export function listen(serve: (socket: Socket) => Promise<void>): void {
  const server = createServer({ noDelay: true, highWaterMark: BLOCK_BYTES }, (socket) => {
    socket.on('error', () => {})
    serve(socket).catch((error: unknown) => {
      throw error
    })
  })
  server.listen({ port: 0, host: '127.0.0.1' }, () => {
    const address = server.address()
    if (address !== null && typeof address === 'object')
      process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
  })
  process.stdin.once('end', () => process.exit(0)).resume()
}
