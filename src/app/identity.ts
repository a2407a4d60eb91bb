import { failureText } from '#domain/names/text.ts'
import { machineNames } from '#system/network.ts'
import {
  daysLeft,
  fingerprintOfPem,
  identityIn,
  ownIdentity,
  renewedIdentity,
  type TlsIdentity,
  UnusableIdentity,
} from '#system/tls/identity.ts'
import { CommandFailed, exitCodes } from './cli/exit-codes.ts'
import type { HostConfig } from './config.ts'
import { identityDefaults } from './defaults.ts'

interface ShownIdentity extends TlsIdentity {
  /** What to show in its place from then on, with the same key. */
  readonly renew: (now: number) => Promise<TlsIdentity>
}

/** What the host shows over TLS; undefined where it does not speak it. To be asked for once the data directory is locked. */
export async function identityFor(config: HostConfig, data: string | undefined): Promise<ShownIdentity | undefined> {
  const { cert, key, tls } = config
  if (!tls && cert === undefined && key === undefined) return undefined
  try {
    if (cert === undefined && key === undefined) return await own(config, data)
    if (cert === undefined || key === undefined)
      throw new UnusableIdentity('--cert and --key belong together; without them --tls makes a certificate of its own')
    const identity = await identityIn(cert, key)
    const fingerprint = fingerprintOfPem(identity.cert)
    const days = daysLeft(identity.cert, Date.now())
    if (days < 0) warn(`the certificate in ${cert} has ended; those who come will be warned`)
    else if (days < identityDefaults.renewDays) warn(`the certificate in ${cert} ends in ${days} days`)
    const renew = async (): Promise<TlsIdentity> => {
      const next = await identityIn(cert, key)
      // It says what it is known by at its start, and clients hold it to that.
      if (fingerprintOfPem(next.cert) === fingerprint) return next
      throw new UnusableIdentity(`${key} holds another key now; start the host again where that is meant`)
    }
    return { ...identity, renew }
  } catch (error) {
    if (error instanceof UnusableIdentity)
      throw new CommandFailed(exitCodes.unsafeConfiguration, error.message, { cause: error })
    throw new CommandFailed(
      exitCodes.unsafeConfiguration,
      `there is no certificate to speak TLS with: ${failureText(error)}`,
      {
        cause: error,
      },
    )
  }
}

async function own({ hostNames }: HostConfig, data: string | undefined): Promise<ShownIdentity> {
  const hosts = [...new Set(['localhost', ...(await machineNames()), ...hostNames])].filter((name) =>
    /^[\w.-]+$/.test(name),
  )
  const names = [...hosts, '127.0.0.1', '::1']
  const identity = await ownIdentity(data, names, Date.now(), identityDefaults)
  if (identity.was === 'renewed')
    warn('the certificate was made anew, with the same key: clients know this host as before')
  let shown: TlsIdentity = identity
  const renew = async (now: number): Promise<TlsIdentity> => {
    shown = (await renewedIdentity(data, shown, names, now, identityDefaults)) ?? shown
    return shown
  }
  return { cert: identity.cert, key: identity.key, renew }
}

const warn = (text: string) => process.stderr.write(`tamtam: ${text}\n`)
