import { clientDefaults } from '#app/defaults.ts'
import type { ApiClient } from '#client/api-client.ts'
import { downloadFile } from '#client/downloader.ts'
import { uploadFile } from '#client/node-upload.ts'
import { Retries } from '#client/retries.ts'
import type { OnTransferUpdate } from '#client/transfers.ts'
import type { RoomSession } from '#domain/session.ts'
import { nameAt, pathTypedAs } from '#system/files/disk-path.ts'
import { SaveFolder } from '#system/files/publish.ts'
import { NoSource } from '#system/files/source.ts'
import { unreadable } from '#terminal/pipes/file-source.ts'
import type { FileTransfers } from '#terminal/ports.ts'
import { pathTyped } from './paths.ts'

export interface RemoteFilesOptions {
  readonly directory: string
  readonly autoBytes: number
  /** Bytes a second, for each transfer. */
  readonly limit: number | undefined
}

/** Files of a room on another host: each on a connection of its own, going on where it was cut, for ever if need be. */
export function remoteFiles(
  api: ApiClient,
  { room, member: { id: by } }: Pick<RoomSession, 'room' | 'member'>,
  options: RemoteFilesOptions,
): FileTransfers {
  const { directory, autoBytes, limit } = options
  const folder = new SaveFolder(directory)
  const transfer = (report: OnTransferUpdate) => ({
    api,
    retries: new Retries(clientDefaults, { report: (retry) => report({ type: 'retry', ...retry }) }),
    report,
    ...(limit === undefined ? {} : { limit }),
  })
  return {
    early: true,
    autoBytes,
    send: async (typed, to, tell) => {
      const path = await pathTypedAs(pathTyped(typed))
      const meta = { name: nameAt(path), by, ...(to === undefined ? {} : { to }) }
      return await uploadFile({ ...transfer(tell), settings: clientDefaults, room }, path, meta).catch(
        (error: unknown) => {
          if (error instanceof NoSource || (error instanceof Error && 'syscall' in error)) return unreadable(error)
          throw error
        },
      )
    },
    receive: (file, tell) => downloadFile(transfer(tell), file, { folder }),
  }
}
