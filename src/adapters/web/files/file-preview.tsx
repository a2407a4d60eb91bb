import { useSignal } from '@preact/signals'
import { isRefusal, type Refusal } from '#client/errors.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { openLink } from './file-links.ts'
import { kindOf } from './kinds.ts'
import { Picture } from './picture.tsx'
import { TextPreview } from './text-preview.tsx'

export interface PreviewProps {
  readonly room: Room
  readonly file: MentionedFile
  /** Undefined while it is still arriving. */
  readonly sha256: string | undefined
}

/** What can be seen or heard of a file here; small pictures at once, all else when it is asked for. Players do not wait for the end of it. */
export function FilePreview({ room, file, sha256 }: PreviewProps) {
  const { say, refusal } = usePage().words.value
  const kind = kindOf(file.name)
  const size = file.size ?? Number.POSITIVE_INFINITY
  const shown = useSignal<'no' | 'yes' | { readonly url: string } | Refusal>(
    kind === 'picture' && size <= pageDefaults.pictureBytes ? 'yes' : 'no',
  )
  const isWhole = sha256 !== undefined
  if (kind === undefined || (!isWhole && (kind === 'picture' || kind === 'text'))) return null
  if (kind === 'text' && size > pageDefaults.textPreviewBytes) return null
  const open = async () => {
    if (kind === 'picture' || kind === 'text') {
      shown.value = 'yes'
      return
    }
    shown.value = await openLink(room.place.host, file.id)
  }
  const now = shown.value
  const what = say(kind === 'picture' ? 'showPicture' : kind === 'text' ? 'showText' : 'play')
  if (now === 'no')
    return (
      <button type="button" class="quiet" aria-label={`${what}: ${file.name}`} onClick={open}>
        {what}
      </button>
    )
  if (now !== 'yes' && isRefusal(now)) return <p class="fine">{say('previewFailed', { why: refusal(now) })}</p>
  const label = `${say('play')}: ${file.name}`
  return (
    <div class="preview">
      {now === 'yes' && kind === 'picture' && <Picture room={room} file={file} sha256={sha256 ?? ''} />}
      {now === 'yes' && kind === 'text' && <TextPreview room={room} file={file} />}
      {now !== 'yes' && kind === 'audio' && <audio controls autoplay src={now.url} aria-label={label} />}
      {now !== 'yes' && kind === 'video' && <video controls autoplay playsinline src={now.url} aria-label={label} />}
      {kind !== 'picture' && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            shown.value = 'no'
          }}
        >
          {say('hide')}
        </button>
      )}
    </div>
  )
}
