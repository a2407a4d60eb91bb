import { forTerminal } from '../../../domain/text/terminal.ts'
import { isRefusal } from '../../client/failures.ts'
import { sizeText } from '../../words/size.ts'
import { usePage } from '../place/context.ts'
import type { Room } from '../place/room.ts'
import type { FileEntry } from '../timeline/rows.ts'
import { CheckSaved } from './check-saved.tsx'
import { openLink, plainLink, saveFrom } from './file-links.ts'
import { FilePreview } from './file-preview.tsx'
import { Receipts } from './receipts.tsx'

/** A file where it stands in the timeline; `entry` is the last thing that happened to it. */
export function FileCard({ room, entry }: { readonly room: Room; readonly entry: FileEntry }) {
  const { desk, words } = usePage()
  const { say, language } = words.value
  const { file, by } = entry
  const { status: known, arrived } = room.files.of(file.id).value
  const status = entry.type === 'fileWithdrawn' ? 'gone' : entry.type === 'fileCompleted' ? 'whole' : known
  const name = forTerminal(file.name)
  if (status === 'gone')
    return (
      <div class="file gone">
        <span class="name" dir="auto">
          {name}
        </span>
        <span class="fine">
          {say('fileGoneBecause', { why: entry.type === 'fileWithdrawn' ? entry.reason : say('interrupted') })}
        </span>
      </div>
    )
  const save = async (event: Event) => {
    event.preventDefault()
    const link = await openLink(room.place.host, file.id)
    if (isRefusal(link)) desk.tell(link.message)
    else saveFrom(link.url, file.name)
  }
  // Begun by this page before it was loaded again.
  const waits =
    status !== 'whole' &&
    by.id === room.place.member.value.id &&
    !desk.uploads.all.value.some((upload) => upload.begun.value === file.id)
  const percent = file.size === undefined || file.size === 0 ? undefined : Math.floor((arrived / file.size) * 100)
  return (
    <div class={`file ${status}`}>
      <div class="line">
        <a class="name" dir="auto" href={plainLink(file)} download={file.name} onClick={save}>
          {name}
        </a>
        {file.size !== undefined && <span class="fine">{sizeText(file.size, language)}</span>}
        {status === 'whole' && <Receipts room={room} file={file.id} by={by.name} />}
        {waits && <span class="fine">{say('goesOnByPicking')}</span>}
        {!waits && status === 'arriving' && (
          <span class="fine">{percent === undefined ? say('arriving') : say('arrivedSoFar', { percent })}</span>
        )}
        {!waits && status === 'paused' && <span class="fine">{say('interrupted')}</span>}
        {entry.type === 'fileCompleted' && <CheckSaved room={room} file={entry.file} />}
      </div>
      <FilePreview room={room} file={file} sha256={entry.type === 'fileCompleted' ? entry.file.sha256 : undefined} />
    </div>
  )
}
