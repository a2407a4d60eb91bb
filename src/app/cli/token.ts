import type { Command } from 'commander'
import { replaceToken } from '#server/security/host-token.ts'
import { DiskSecretStore } from '#storage/disk/secret-store.ts'
import { defaultDataDirectory, hostConfig } from '../config.ts'
import { print, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

interface TokenFlags {
  readonly data?: string
  readonly new?: boolean
}

export const addToken = (program: Command): Command =>
  program
    .command('token')
    .description('print the token of a host on this machine that was started with --lan')
    .option('--new', 'replace it: members who joined by the old one are removed, also while the host runs')
    .option('--data <dir>', 'where the host keeps its data ($XDG_DATA_HOME/tamtam)')
    .action((flags: TokenFlags) => run(() => token(flags)))

async function token({ data, new: isNew }: TokenFlags): Promise<void> {
  const given = data === undefined ? {} : { data }
  const directory = hostConfig(given, process.env).data ?? defaultDataDirectory(process.env)
  const secretStore = new DiskSecretStore(directory)
  const text = isNew === true ? await replaceToken(secretStore) : await secretStore.read('token')
  if (text === undefined)
    throw new CommandFailed(exitCodes.notFound, `there is no token in ${directory}; tamtam --lan makes one`)
  await print(text)
}
