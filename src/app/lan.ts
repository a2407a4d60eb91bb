import { isIP } from 'node:net'
import { isLoopback } from '#server/connection/incoming-connection.ts'
import { machineNames } from '#system/network.ts'
import { namesOfCertificate } from '#system/tls/identity.ts'
import { CommandFailed, exitCodes } from './cli/exit-codes.ts'
import type { HostConfig } from './config.ts'
import { listenerDefaults } from './defaults.ts'

/** All addresses of this machine; a machine without IPv6 has only the second. */
const EVERYWHERE = ['::', '0.0.0.0'] as const

/** Whether people have to show a token: `--open` says that they have not. */
export const wantsToken = ({ lan, open }: Pick<HostConfig, 'lan' | 'open'>): boolean => lan && !open

/** Where to listen, in the order in which it is tried. */
export const bindsOf = ({ bind, lan }: Pick<HostConfig, 'bind' | 'lan'>): readonly string[] =>
  bind !== undefined ? [bind] : lan ? EVERYWHERE : [listenerDefaults.host]

/**
 * The names that people have for a host beside its addresses: those that it was given, what it is bound to, what its certificate says, and where
 * other machines come in those of this machine. A host for this machine alone is not called so: whoever says on the network what this machine's
 * name stands for could lead a browser of its own people to it (C94).
 */
export async function hostNamesOf(config: Pick<HostConfig, 'bind' | 'lan' | 'hostNames' | 'cert'>): Promise<string[]> {
  const { bind, lan, hostNames, cert } = config
  const isWide = lan || (bind !== undefined && bind !== 'localhost' && !isLoopback(bind))
  return [
    ...hostNames,
    ...(bind === undefined || isIP(bind) !== 0 ? [] : [bind]),
    ...(cert === undefined ? [] : await namesOfCertificate(cert)),
    ...(isWide ? await machineNames() : []),
  ]
}

/** What listens beyond this machine is for those who show a token, or open to all; the second must have been typed (design section 6). */
export function refuseUnsafe({ bind, lan, open }: Pick<HostConfig, 'bind' | 'lan' | 'open'>): void {
  if (open || lan || bind === undefined || bind === 'localhost' || isLoopback(bind)) return
  throw new CommandFailed(
    exitCodes.unsafeConfiguration,
    `on ${bind} everybody on the network could join, read and send files; add --lan for a token that they have to show, or add --open if you mean that`,
  )
}
