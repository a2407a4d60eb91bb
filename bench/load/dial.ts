import { connect, type OnReadOpts, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** A connection to a server of the run, in plain or over TLS with whatever certificate it shows. */
export function dial(
  { port, secure }: { readonly port: number; readonly secure: boolean },
  onread?: OnReadOpts,
): Socket {
  // Node's types know of no `onread` over TLS, which it has.
  const options = { port, host: '127.0.0.1', noDelay: true, ...(onread === undefined ? {} : { onread }) }
  return secure ? connectTls({ ...options, rejectUnauthorized: false } as object) : connect(options)
}
