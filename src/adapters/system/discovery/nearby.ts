import { setTimeout as pause } from 'node:timers/promises'
import type { Service } from 'bonjour-service'
import type { Announced } from './announce.ts'
import { type Mouth, openMouths, SERVICE } from './mdns.ts'

export interface NearbyHost extends Announced {
  readonly name: string
  readonly address: string
}

/** A question on a network may get lost, and is asked so often. */
const ASK_TIMES = 4
/** More than anybody would read; who says more is up to no good. */
const MOST_HOSTS = 256

/** The hosts that answer on the networks around within `ms`. Rejects where no question can be asked at all. */
export async function hostsNearby(ms: number): Promise<readonly NearbyHost[]> {
  let failure: Error | undefined
  const mouths = await openMouths((error) => {
    failure = error
  })
  const { found, ask } = listenTo(mouths)
  for (let asked = 1; asked < ASK_TIMES; asked++) {
    await pause(ms / ASK_TIMES)
    ask()
  }
  await pause(ms / ASK_TIMES)
  await Promise.all(mouths.map((mouth) => mouth.close()))
  if (failure !== undefined && found.size === 0) throw failure
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** The hosts that have answered so far; asks once, and again with `ask`. */
export function listenTo(mouths: readonly Mouth[]): {
  readonly found: ReadonlyMap<string, NearbyHost>
  readonly ask: () => void
} {
  const found = new Map<string, NearbyHost>()
  const heard = (service: Service) => {
    const host = hostOf(service)
    // Of one that is in several networks, the way that answered first.
    if (host !== undefined && !found.has(service.fqdn)) found.set(service.fqdn, host)
    if (found.size >= MOST_HOSTS) for (const browser of browsers) browser.stop()
  }
  const browsers = mouths.map(({ bonjour }) => bonjour.find({ type: SERVICE }, heard))
  return {
    found,
    ask: () => {
      for (const browser of browsers) browser.update()
    },
  }
}

/** Where the answer came from is where the host is: what it says itself may hold for another network. */
function hostOf({ name, port, referer, txt }: Service): NearbyHost | undefined {
  if (typeof name !== 'string' || !Number.isInteger(port) || port === 0 || referer === undefined) return undefined
  return { name, address: referer.address, port, tls: txt?.tls === '1', token: txt?.token === '1' }
}
