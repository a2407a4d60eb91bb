import type { OnTransferUpdate } from '#client/transfers.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { rejected } from '#domain/errors.ts'
import { sendWhenReady } from '#domain/session.ts'
import { nameAt, pathTypedAs } from '#system/files/disk-path.ts'
import { FileSaver } from '#terminal/pipes/file-saver.ts'
import { sourceAt } from '#terminal/pipes/file-source.ts'
import type { FileTransfers } from '#terminal/ports.ts'
import { pathTyped } from './paths.ts'

/** Files of the host's own terminal: they are in this process already. */
export function hostFileTransfers(
  session: LocalSession,
  { directory, autoBytes }: { readonly directory: string; readonly autoBytes: number },
): FileTransfers {
  const saver = new FileSaver(directory, session)
  return {
    early: false,
    autoBytes,
    async send(typed, to, tell) {
      const path = await pathTypedAs(pathTyped(typed))
      const source = await sourceAt(path)
      if ('type' in source) return source
      const { size } = source
      try {
        const meta = {
          name: nameAt(path),
          ...(size === undefined ? {} : { size }),
          ...(to === undefined ? {} : { to }),
        }
        const upload = session.upload(source.bytes(), meta)
        tell({ type: 'begins', at: 0, total: size })
        upload.progress$.subscribe(({ bytes }) => tell({ type: 'moved', bytes }))
        return await upload.done
      } finally {
        await source.close()
      }
    },
    async receive({ id }, tell: OnTransferUpdate) {
      const file = session.file(id)
      if (file === undefined) return rejected('NO_SUCH_FILE', 'there is no such file any more')
      if (file.status !== 'whole') return rejected('NO_SUCH_FILE', 'it is not whole yet; try again in a moment')
      tell({ type: 'begins', at: 0, total: file.file.size })
      const path = await saver.save(file.file)
      const receipt = { type: 'receiveFile', file: id } as const
      await sendWhenReady(session, receipt)
      return { path }
    },
  }
}
