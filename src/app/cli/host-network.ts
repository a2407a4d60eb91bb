import { readdir, readFile, readlink } from 'node:fs/promises'
import { isIP } from 'node:net'
import { basename } from 'node:path'
import type { HostConfig } from '#app/config.ts'
import { identityDefaults, listenerDefaults } from '#app/defaults.ts'
import { failureText, forTerminal } from '#domain/names/text.ts'
import { isLoopback } from '#server/connection/incoming-connection.ts'
import { machineNames } from '#system/network.ts'
import {
  daysLeft,
  fingerprintOfPem,
  identityIn,
  namesOfCertificate,
  ownIdentity,
  renewedIdentity,
  type TlsIdentity,
  UnusableIdentity,
} from '#system/tls/identity.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

/** All addresses of this machine; a machine without IPv6 has only the second. */
const EVERYWHERE = ['::', '0.0.0.0'] as const

/** Whether people need a token: not with `--open`. */
export const wantsToken = ({ lan, open }: Pick<HostConfig, 'lan' | 'open'>): boolean => lan && !open

/** The addresses to listen on, in the order of attempts. */
export const bindsOf = ({ bind, lan }: Pick<HostConfig, 'bind' | 'lan'>): readonly string[] =>
  bind !== undefined ? [bind] : lan ? EVERYWHERE : [listenerDefaults.host]

/**
 * A host's names besides its addresses: the given ones, its bind address, those of its public URL and its certificate, and, if other
 * machines have access, the names of this machine. A host for this machine only does not get those: an attacker who redirects the
 * machine's name on the network could lead a browser to it (C94).
 */
export async function hostNamesOf(
  config: Pick<HostConfig, 'bind' | 'lan' | 'hostNames' | 'publicUrl' | 'cert'>,
): Promise<string[]> {
  const { bind, lan, hostNames, publicUrl, cert } = config
  const isWide = lan || (bind !== undefined && bind !== 'localhost' && !isLoopback(bind))
  return [
    ...hostNames,
    ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]),
    ...(bind === undefined || isIP(bind) !== 0 ? [] : [bind]),
    ...(cert === undefined ? [] : await namesOfCertificate(cert)),
    ...(isWide ? await machineNames() : []),
  ]
}

/** Beyond this machine, a host requires a token or is open to all; the latter must be typed (design section 6). */
export function refuseUnsafe(config: Pick<HostConfig, 'bind' | 'lan' | 'open' | 'trustProxy' | 'publicUrl'>): void {
  const { bind, lan, open, trustProxy, publicUrl } = config
  if (open || lan) return
  if (trustProxy.length > 0 || publicUrl !== undefined)
    throw new CommandFailed(
      exitCodes.unsafeConfiguration,
      'everyone who reaches the proxy could join, read and send files; add --lan (and --bind) for a token that they have to show, or add --open if you mean that',
    )
  if (bind === undefined || bind === 'localhost' || isLoopback(bind)) return
  throw new CommandFailed(
    exitCodes.unsafeConfiguration,
    `on ${bind} everyone on the network could join, read and send files; add --lan for a token that they have to show, or add --open if you mean that`,
  )
}

interface ShownIdentity extends TlsIdentity {
  /** Its later replacement, with the same key. */
  readonly renew: (now: number) => Promise<TlsIdentity>
}

/** The host's TLS identity; undefined without TLS. Call it once the data directory is locked. */
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
    if (days < 0) warn(`the certificate in ${cert} has expired; browsers will warn`)
    else if (days < identityDefaults.renewDays) warn(`the certificate in ${cert} ends in ${days} days`)
    const renew = async (): Promise<TlsIdentity> => {
      const next = await identityIn(cert, key)
      // The host prints its fingerprint at its start, and clients rely on that.
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

const ANSWER_MS = 1000

/** The address of our own host that answers without TLS on this port of this machine; undefined otherwise. */
export async function hostHere(port: number): Promise<string | undefined> {
  const base = `http://127.0.0.1:${port}/`
  try {
    const answer = await fetch(`${base}openapi.json`, { signal: AbortSignal.timeout(ANSWER_MS) })
    const { info } = (await answer.json()) as { readonly info?: { readonly title?: string } }
    return info?.title === 'tamtam' ? base : undefined
  } catch {
    return undefined
  }
}

const LISTENING = '0A'

/** ` by node (pid 7)`, if Linux tells: about other users' processes only root may know. */
export async function portOwner(number: number): Promise<string> {
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of (await readFile(table, 'utf8').catch(() => '')).split('\n')) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      if (state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === number)
        inodes.add(`socket:[${inode}]`)
    }
  if (inodes.size === 0) return ''
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => []))
      if (inodes.has(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
        return ` by ${forTerminal(basename(await readlink(`/proc/${pid}/exe`).catch(() => 'a process')))} (pid ${pid})`
  return ''
}
