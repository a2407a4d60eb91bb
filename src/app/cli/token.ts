import { replaceToken } from '#server/security/host-token.ts'
import { DiskSecretStore } from '#storage/disk/secret-store.ts'
import { defaultDataDirectory, hostConfig } from '../config.ts'
import { print, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

interface TokenFlags {
  readonly data?: string
  readonly new?: boolean
}

/** `tamtam token`. */
export const runToken = (flags: TokenFlags): Promise<void> => run(() => token(flags))

async function token({ data, new: isNew }: TokenFlags): Promise<void> {
  const given = data === undefined ? {} : { data }
  const directory = hostConfig(given, process.env).data ?? defaultDataDirectory(process.env)
  const secretStore = new DiskSecretStore(directory)
  const text = isNew === true ? await replaceToken(secretStore) : await secretStore.read('token')
  if (text === undefined)
    throw new CommandFailed(exitCodes.notFound, `there is no token in ${directory}; tamtam --lan makes one`)
  await print(text)
}
