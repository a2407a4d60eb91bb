import type { EventEmitter } from 'node:events'
import { networkInterfaces } from 'node:os'
import type { Bonjour } from 'bonjour-service'

/** What hosts call themselves by (RFC 6763): `_tamtam._tcp`. */
export const SERVICE = 'tamtam'

/** Multicast DNS on one interface. */
export interface Mouth {
  readonly bonjour: Bonjour
  /** Ends it, after its last words. */
  close(): Promise<void>
}

const LAST_WORDS_MS = 500

/**
 * One for each network that this machine is in: the system would choose one of them, and none where there is no way to anywhere else.
 * `failed` hears what becomes of none, which ends nothing.
 */
export async function openMouths(failed: (error: Error) => void): Promise<readonly Mouth[]> {
  const addresses = Object.values(networkInterfaces()).flatMap((each = []) =>
    each.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
  )
  if (addresses.length === 0) return []
  // Only where it is used: hosts and clients on one machine never need it.
  const { Bonjour } = await import('bonjour-service')
  return addresses.map((address) =>
    mouthOf(new Bonjour({ interface: address, bind: '0.0.0.0' } as object, failed), failed),
  )
}

function mouthOf(bonjour: Bonjour, failed: (error: Error) => void): Mouth {
  // The package passes on what its callers ask for, and leaves what the socket says to nobody, which would end the process.
  const { mdns } = (bonjour as unknown as { readonly server: { readonly mdns: EventEmitter } }).server
  mdns.on('error', failed)
  const close = () =>
    new Promise<void>((resolve) => {
      const late = setTimeout(resolve, LAST_WORDS_MS)
      bonjour.unpublishAll(() =>
        bonjour.destroy(() => {
          clearTimeout(late)
          resolve()
        }),
      )
    })
  return { bonjour, close }
}
