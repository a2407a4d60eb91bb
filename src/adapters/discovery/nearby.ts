import { setTimeout as pause } from 'node:timers/promises'
import type { Service } from 'bonjour-service'
import type { Announced } from './announce.ts'
import { openMouths, SERVICE } from './mdns.ts'

export interface NearbyHost extends Announced {
  readonly name: string
  readonly address: string
}

/** A question on a network may get lost, and is asked so often. */
const ASK_TIMES = 4

/** The hosts that answer on the networks around within `ms`. Rejects where no question can be asked at all. */
export async function hostsNearby(ms: number): Promise<readonly NearbyHost[]> {
  let failure: Error | undefined
  const mouths = await openMouths((error) => {
    failure = error
  })
  const found = new Map<string, NearbyHost>()
  const heard = (service: Service) => {
    const host = hostOf(service)
    // Of one that is in several networks, the way that answered first.
    if (host !== undefined && !found.has(service.fqdn)) found.set(service.fqdn, host)
  }
  const browsers = mouths.map(({ bonjour }) => bonjour.find({ type: SERVICE }, heard))
  for (let asked = 1; asked < ASK_TIMES; asked++) {
    await pause(ms / ASK_TIMES)
    for (const browser of browsers) browser.update()
  }
  await pause(ms / ASK_TIMES)
  await Promise.all(mouths.map((mouth) => mouth.close()))
  if (failure !== undefined && found.size === 0) throw failure
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** Where the answer came from is where the host is: what it says itself may hold for another network. */
function hostOf({ name, port, referer, txt }: Service): NearbyHost | undefined {
  if (typeof name !== 'string' || !Number.isInteger(port) || referer === undefined) return undefined
  return { name, address: referer.address, port, tls: txt?.tls === '1', token: txt?.token === '1' }
}
