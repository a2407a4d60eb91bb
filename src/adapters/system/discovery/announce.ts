import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Log } from '#domain/ports/log.ts'
import { type Mouth, openMouths, SERVICE } from './mdns.ts'

export interface Announced {
  readonly port: number
  readonly tls: boolean
  /** Whether one is wanted; never the token itself. */
  readonly token: boolean
}

/** Tells the networks around that a host is here, until `close`. Nothing depends on it: what fails is logged, once, and that is all. */
export async function announce({ port, tls, token }: Announced, log: Log): Promise<Pick<Mouth, 'close'>> {
  let told = false
  const failed = (error: Error) => {
    if (!told) log.info('others can not find this host by mDNS; its address will do', { error: error.message })
    told = true
  }
  const [machine = ''] = hostname().split('.')
  try {
    const mouths = await openMouths(failed)
    // The package asks whether a name is taken, and says so on standard output: this one is nobody else's.
    const name = `${machine.slice(0, 40)} ${randomBytes(2).toString('hex')}`
    for (const { bonjour } of mouths)
      bonjour.publish({
        name,
        type: SERVICE,
        host: `${machine}.local`,
        port,
        txt: { tls: flag(tls), token: flag(token) },
        probe: false,
        disableIPv6: true,
      })
    return { close: async () => void (await Promise.all(mouths.map((mouth) => mouth.close()))) }
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error)))
    return { close: async () => {} }
  }
}

const flag = (on: boolean): string => (on ? '1' : '0')
