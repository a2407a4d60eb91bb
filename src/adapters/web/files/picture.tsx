import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isRefusal } from '#client/errors.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { digestOf } from './digest.ts'
import { plainLink } from './file-links.ts'

export interface PictureProps {
  readonly room: Room
  readonly file: MentionedFile
  readonly sha256: string
}

/**
 * A picture in the timeline, brought here when somebody comes near it. The host says by its first bytes that it is one (C97), and it is
 * shown only when its digest is right: then this member has it, and says so.
 */
export function Picture({ room, file, sha256 }: PictureProps) {
  const { say, refusal } = usePage().words.value
  const place = useRef<HTMLDivElement>(null)
  const shown = useSignal<{ readonly url: string } | { readonly why: string } | undefined>(undefined)
  useEffect(() => {
    const wanted = new AbortController()
    const load = async () => {
      const answer = await room.place.host.ask(plainLink(file), { signal: wanted.signal })
      if (wanted.signal.aborted) return
      if (isRefusal(answer)) {
        shown.value = { why: refusal(answer) }
        return
      }
      const picture = await answer.blob()
      if (!/^image\/(?:png|jpeg|gif|webp)$/.test(picture.type)) shown.value = { why: say('notShowable') }
      else if ((await digestOf(picture)) !== sha256) shown.value = { why: say('isOther', { file: file.name }) }
      else if (!wanted.signal.aborted) {
        shown.value = { url: URL.createObjectURL(picture) }
        const me = room.place.member.peek().name
        const { verified } = room.files.of(file.id).peek()
        if (!verified.includes(me)) room.place.post({ type: 'receiveFile', file: file.id })
      }
    }
    const near = new IntersectionObserver(
      ([seen]) => {
        if (seen?.isIntersecting !== true) return
        near.disconnect()
        load().catch((error: unknown) => {
          if (!wanted.signal.aborted) shown.value = { why: String(error) }
        })
      },
      { rootMargin: '400px' },
    )
    if (place.current !== null) near.observe(place.current)
    return () => {
      near.disconnect()
      wanted.abort()
      const last = shown.peek()
      if (last !== undefined && 'url' in last) URL.revokeObjectURL(last.url)
    }
  }, [file.id])
  const now = shown.value
  return (
    <div ref={place} class="picture">
      {now !== undefined && 'url' in now && (
        <a href={now.url} target="_blank" rel="noopener">
          <img src={now.url} alt={say('pictureOf', { file: file.name })} />
        </a>
      )}
      {now !== undefined && 'why' in now && <p class="fine">{say('previewFailed', { why: now.why })}</p>}
    </div>
  )
}
