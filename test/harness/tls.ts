import { once } from 'node:events'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { identityDefaults } from '#app/defaults.ts'
import { dialHost, Endpoint, KnownHosts } from '#client/endpoint.ts'
import { fingerprintOfPem, ownIdentity } from '#system/tls/identity.ts'
import { temporaryDirectory } from './directory.ts'
import { type HostOptions, startHost } from './host.ts'
import { LineClient } from './line-client.ts'

export const newIdentity = () => ownIdentity(undefined, ['localhost', '127.0.0.1'], Date.now(), identityDefaults)

/** A host of the test's own that speaks TLS and nothing else. */
export async function startTlsHost({ listen = {}, ...options }: HostOptions = {}) {
  const identity = await newIdentity()
  const host = await startHost({ ...options, listen: { tls: identity, ...listen } })
  const fingerprint = fingerprintOfPem(identity.cert)
  return { ...host, identity, fingerprint, url: `tls://127.0.0.1:${host.port}` }
}

/** A file of known hosts that does not exist yet. */
export const noKnownHosts = async (): Promise<string> => join(await temporaryDirectory(), 'tamtam', 'known_hosts')

/** A connection as any program makes it that trusts everybody. */
export async function openTls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  // Node's types know nothing of `allowHalfOpen`, which it takes.
  const half: object = { allowHalfOpen: true }
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...half, ...options })
  await once(socket, 'secureConnect')
  return socket.setNoDelay(true)
}

/** Netcat over TLS; speaks at once, so that nobody has to wait whether it is a silent listener. */
export async function joinOverTls(port: number, nick: string): Promise<LineClient> {
  const client = new LineClient(await openTls(port))
  await client.ask(`/nick ${nick}`, `* you are now ${nick}`)
  return client
}

export function plainEndpoint(port: number): Endpoint {
  const address = { host: '127.0.0.1', port, tls: false }
  return new Endpoint(address, dialHost(address, new KnownHosts('/nonexistent/known_hosts')))
}
