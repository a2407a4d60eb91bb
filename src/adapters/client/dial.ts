import { connect, isIP, type Socket } from 'node:net'
import { addAbortSignal, type Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { fingerprintOf } from '#system/tls/fingerprint.ts'
import { labelOf, type RoomAddress } from './address.ts'
import type { KnownHosts, ShownKey } from './known-hosts.ts'

/** Makes one more connection to a host, on which nothing was said yet. Whoever wants it no more aborts the signal. */
export type Dial = (signal: AbortSignal) => Duplex | Promise<Duplex>

export type Where = Pick<RoomAddress, 'host' | 'port' | 'tls' | 'fingerprint'>

/** A mobile network forgets a connection that is silent for longer. */
const KEEP_ALIVE_MS = 60_000

/** In plain, or over TLS for as long as the host shows the key that it is known by. Rejects with what the system says, and with `NotTrusted`. */
export const dialHost = (where: Where, known: KnownHosts): Dial =>
  where.tls ? dialTls(where, known) : dialTcp(where, known)

const dialTcp =
  ({ host, port }: Where, known: KnownHosts): Dial =>
  async (signal) => {
    await known.allowPlain(labelOf(host, port))
    return await kept(connect({ host, port }), 'connect', signal)
  }

const dialTls =
  ({ host, port, fingerprint }: Where, known: KnownHosts): Dial =>
  async (signal) => {
    const socket = connectTls({
      host,
      port,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      // Whoever signed the certificate: the key decides.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    await kept(socket, 'secureConnect', signal)
    try {
      await known.allow(labelOf(host, port), shownBy(socket), fingerprint)
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

function shownBy(socket: TLSSocket): ShownKey {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new Error('it shows no certificate')
  return { fingerprint: fingerprintOf(certificate), until: certificate.validToDate }
}

/** Resolves when it is made; rejects when it breaks before. */
function kept<Connection extends Socket>(
  socket: Connection,
  made: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  addAbortSignal(signal, socket)
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  socket.once(made, () => {
    socket.off('error', reject)
    resolve(socket)
  })
  socket.once('error', reject)
  return promise
}
