import type { Server } from 'node:net'

export const BLOCK_BYTES = 1024 * 1024

/** Listens on a free port, which standard output tells; ends when standard input does. */
export function announce(server: Server): void {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
    const address = server.address()
    if (address !== null && typeof address === 'object')
      process.stdout.write(`${JSON.stringify({ port: address.port })}\n`)
  })
  process.stdin.once('end', () => process.exit(0)).resume()
}
