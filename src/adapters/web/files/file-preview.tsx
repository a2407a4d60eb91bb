import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { FileChanged, isRefusal, type Refusal } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { MentionedFile, WholeFile } from '#domain/room/events.ts'
import { sizeText } from '#i18n/format.ts'
import type { FolderListing } from '#protocol/schema.ts'
import { pageDefaults } from '../defaults.ts'
import { useFullWords } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { digestOf } from './digest.ts'
import { kindOf, openLink, plainLink, saveFrom } from './file-links.ts'

export interface PreviewProps {
  readonly room: Room
  readonly file: MentionedFile
  /** Undefined while it is still arriving. */
  readonly sha256: string | undefined
}

/** The preview of a file; small pictures at once, all else on demand. Players do not wait for the end of it. */
export function FilePreview({ room, file, sha256 }: PreviewProps) {
  const { say, refusal } = useFullWords()
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
    shown.value = await openLink(room.store.api, file.id)
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

interface PictureProps {
  readonly room: Room
  readonly file: MentionedFile
  readonly sha256: string
}

/**
 * A picture in the timeline, brought here when somebody comes near it. The host says by its first bytes that it is one (C97), and it is
 * shown only when its digest is right: then this member has it, and says so.
 */
function Picture({ room, file, sha256 }: PictureProps) {
  const { say, refusal } = useFullWords()
  const place = useRef<HTMLDivElement>(null)
  const shown = useSignal<{ readonly url: string } | { readonly why: string } | undefined>(undefined)
  useEffect(() => {
    const wanted = new AbortController()
    const load = async () => {
      const answer = await room.store.api.ask(plainLink(file), { signal: wanted.signal })
      if (wanted.signal.aborted) return
      if (isRefusal(answer)) {
        shown.value = { why: refusal(answer) }
        return
      }
      const picture = new Blob([await answer.bytes()], { type: answer.header('content-type') ?? '' })
      if (!/^image\/(?:png|jpeg|gif|webp)$/.test(picture.type)) shown.value = { why: say('notShowable') }
      else if ((await digestOf(picture)) !== sha256) shown.value = { why: say('isOther', { file: file.name }) }
      else if (!wanted.signal.aborted) {
        shown.value = { url: URL.createObjectURL(picture) }
        const me = room.store.member.peek().name
        const { verified } = room.files.of(file.id).peek()
        if (!verified.includes(me)) room.store.post({ type: 'receiveFile', file: file.id })
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

/** The text of a small file, as text: whatever it says, nothing of it runs (C97). */
function TextPreview({ room, file }: { readonly room: Room; readonly file: MentionedFile }) {
  const { say, refusal } = useFullWords()
  const shown = useSignal<string | undefined>(undefined)
  useEffect(() => {
    const load = async () => {
      const answer = await room.store.api.ask(plainLink(file))
      if (isRefusal(answer)) return say('previewFailed', { why: refusal(answer) })
      const bytes = await answer.bytes()
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n').map(forTerminal).join('\n')
      } catch {
        // Not UTF-8.
        return say('previewFailed', { why: say('notShowable') })
      }
    }
    void load().then((text) => {
      shown.value = text
    })
  }, [file.id])
  // One can scroll in it with the keyboard.
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reached by keys
    <section tabIndex={0} aria-label={`${say('textOfFile')}: ${file.name}`}>
      <pre>{shown.value ?? say('loading')}</pre>
    </section>
  )
}

/** Compares a saved copy with the file; a match is a receipt in the room. */
export function CheckSaved({ room, file }: { readonly room: Room; readonly file: WholeFile }) {
  const { say } = useFullWords()
  const state = useSignal<'idle' | 'checking' | 'exact' | 'other' | 'unreadable'>('idle')
  const input = useRef<HTMLInputElement>(null)
  const check = async ({ currentTarget: chosen }: { readonly currentTarget: HTMLInputElement }) => {
    const [saved] = chosen.files ?? []
    chosen.value = ''
    if (saved === undefined) return
    state.value = 'checking'
    // Another size means another digest.
    const found = saved.size === file.size ? await digestOf(saved).catch(toFileChanged) : ''
    state.value = found === undefined ? 'unreadable' : found === file.sha256 ? 'exact' : 'other'
    if (state.value === 'exact') room.store.post({ type: 'receiveFile', file: file.id })
  }
  return (
    <span class="check">
      <button
        type="button"
        class="quiet"
        aria-label={`${say('checkSaved')}: ${file.name}`}
        onClick={() => input.current?.click()}
      >
        {say('checkSaved')}
      </button>
      <input ref={input} type="file" hidden aria-label={`${say('checkSaved')}: ${file.name}`} onChange={check} />
      <span role="status" class={`fine ${state.value}`}>
        {state.value === 'checking' && say('checking')}
        {state.value === 'exact' && say('isExact', { file: file.name })}
        {state.value === 'other' && say('isOther', { file: file.name })}
        {state.value === 'unreadable' && say('fileChanged')}
      </span>
    </span>
  )
}

function toFileChanged(error: unknown): undefined {
  if (error instanceof FileChanged) return undefined
  throw error
}

/** What a folder holds, on demand; each file in it can be saved alone. */
export function FolderList({ room, file }: { readonly room: Room; readonly file: WholeFile }) {
  const { say, refusal, language } = useFullWords()
  const shown = useSignal<FolderListing | Refusal | undefined>(undefined)
  const open = async ({ currentTarget }: { readonly currentTarget: HTMLDetailsElement }) => {
    const known = shown.peek()
    if (currentTarget.open && (known === undefined || isRefusal(known)))
      shown.value = await room.store.api.get(`${plainLink(file)}/`, listingIn)
  }
  const save = async (event: Event, path: string) => {
    event.preventDefault()
    const link = await openLink(room.store.api, file.id)
    if (isRefusal(link)) room.notices.add(refusal(link), 'wrong')
    else saveFrom(link.url.replace(/(?=\?|$)/, `/${encodedPath(path)}`), path.slice(path.lastIndexOf('/') + 1))
  }
  const now = shown.value
  return (
    <details class="members" onToggle={open}>
      <summary aria-label={`${say('inFolder')}: ${file.name}/`}>{say('inFolder')}</summary>
      {now === undefined && <p class="fine">{say('loading')}</p>}
      {now !== undefined && isRefusal(now) && <p class="fine">{refusal(now)}</p>}
      {now !== undefined && !isRefusal(now) && (
        <ul>
          {now.members.slice(0, pageDefaults.membersShown).map(({ path, size }) => (
            <li key={path}>
              {size === undefined ? (
                <span dir="auto">{forTerminal(path)}</span>
              ) : (
                <>
                  <a
                    dir="auto"
                    href={`${plainLink(file)}/${encodedPath(path)}`}
                    onClick={(event) => void save(event, path)}
                  >
                    {forTerminal(path)}
                  </a>{' '}
                  <span class="fine">{sizeText(size, language)}</span>
                </>
              )}
            </li>
          ))}
          {now.members.length > pageDefaults.membersShown && (
            <li class="fine">{say('moreInFolder', { count: now.members.length - pageDefaults.membersShown })}</li>
          )}
        </ul>
      )}
    </details>
  )
}

/** The page and its host are of one build. */
const listingIn = (value: unknown) => value as FolderListing

const encodedPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
