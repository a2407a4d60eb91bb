import { readFileSync } from 'node:fs'
import { ownCommand } from '#app/about.ts'
import { forTerminal } from '#domain/names/text.ts'
import { replaceToken } from '#server/security/host-token.ts'
import { fingerprintOf } from '#server/ssh/host-key.ts'
import { keysIn } from '#server/ssh/known-keys.ts'
import { clusterOf } from '#storage/cluster/progress.ts'
import { DiskSecretStore } from '#storage/disk/secret-store.ts'
import { defaultDataDirectory, hostConfig } from '../config.ts'
import { print, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

interface TokenFlags {
  readonly data?: string
  readonly new?: boolean
  readonly sshOwner?: string
}

/** `tamtam token`. */
export const runToken = (flags: TokenFlags): Promise<void> => run(() => token(flags))

async function token({ data, new: isNew, sshOwner }: TokenFlags): Promise<void> {
  const given = data === undefined ? {} : { data }
  const directory = hostConfig(given, process.env).data ?? defaultDataDirectory(process.env)
  const secretStore = new DiskSecretStore(directory)
  if (sshOwner !== undefined) {
    await addOwner(secretStore, sshOwner)
    return
  }
  const cluster = await clusterOf(directory)
  if (cluster !== undefined)
    throw new CommandFailed(
      exitCodes.unsafeConfiguration,
      `the token of the cluster ${cluster.name} is kept by the cluster; each of its nodes prints it when it starts`,
    )
  const text = isNew === true ? await replaceToken(secretStore) : await secretStore.read('token')
  if (text === undefined)
    throw new CommandFailed(exitCodes.notFound, `there is no token in ${directory}; ${ownCommand('--lan')} makes one`)
  await print(text)
}

/** The public SSH keys of a file are the owner's from the next login on. */
async function addOwner(secretStore: DiskSecretStore, path: string): Promise<void> {
  const added = keysIn(readFileSync(path, 'utf8'))
  if (added.length === 0)
    throw new CommandFailed(exitCodes.usage, `there is no public key of SSH in ${forTerminal(path)}`)
  const kept = (await secretStore.read('ssh-owners')) ?? ''
  const known = new Set(keysIn(kept))
  const lines = linesOf(readFileSync(path, 'utf8')).filter((line) => keysIn(line).some((key) => !known.has(key)))
  await secretStore.write('ssh-owners', [...linesOf(kept), ...lines, ''].join('\n'))
  for (const key of added) await print(fingerprintOf(Buffer.from(key, 'base64')))
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '')
