import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import { sizeText } from '#i18n/format.ts'
import type { FolderListing } from '#protocol/schema.ts'
import { pageDefaults } from '../defaults.ts'
import { useFullWords } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Dialog } from '../views/dialog.tsx'
import { Icon } from '../views/icons.tsx'
import { Menu } from '../views/menu.tsx'
import { digestOf } from './digest.ts'
import { FileActions } from './file-actions.tsx'
import { kindOf, openLink, plainLink, saveFrom } from './file-links.ts'
import { DownloadButton } from './file-parts.tsx'
import type { KnownFile } from './room-files.ts'

interface PreviewProps {
  readonly room: Room
  readonly file: KnownFile
}

/** The preview of a file, where it is asked for or small. Players do not wait for the end of it. */
export function FilePreview({ room, file, hide }: PreviewProps & { readonly hide: () => void }) {
  const kind = kindOf(file.name)
  switch (kind) {
    case 'picture':
      return <Picture room={room} file={file} />
    case 'text':
      return <TextPreview room={room} file={file} />
    case 'audio':
    case 'video':
      return <Player room={room} file={file} kind={kind} />
    case 'pdf':
      return <PdfOpener room={room} file={file} done={hide} />
    default:
      return null
  }
}

function Player({ room, file, kind }: PreviewProps & { readonly kind: 'audio' | 'video' }) {
  const { say, refusal } = useFullWords()
  const link = useSignal<{ readonly url: string } | Refusal | undefined>(undefined)
  useEffect(() => {
    void openLink(room.store.api, file.id).then((found) => {
      link.value = found
    })
  }, [file.id])
  const now = link.value
  if (now === undefined) return null
  if (isRefusal(now)) return <p class="fine">{say('previewFailed', { why: refusal(now) })}</p>
  const label = `${say('play')}: ${file.name}`
  return (
    <div class="preview">
      {kind === 'audio' ? (
        <audio controls autoplay src={now.url} aria-label={label} />
      ) : (
        <video controls autoplay playsinline src={now.url} aria-label={label} />
      )}
    </div>
  )
}

/** Types that the page draws by itself, by the first bytes of the file and never by its name (C97). */
function pictureType(told: string, start: Uint8Array, name: string): string | undefined {
  if (/^image\/(?:png|jpeg|gif|webp)$/.test(told)) return told
  const text = new TextDecoder('latin1').decode(start)
  if (/^.{4}ftypavi[fs]/s.test(text)) return 'image/avif'
  // In an `img` nothing of it runs, and it can fetch nothing; it is opened nowhere else.
  return /\.svg$/i.test(name) && /^\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]/s.test(text)
    ? 'image/svg+xml'
    : undefined
}

const START_BYTES = 512

/** Does it once, when somebody comes near the place. */
function whenNear(place: Element, act: () => void): IntersectionObserver {
  const near = new IntersectionObserver(
    ([seen]) => {
      if (seen?.isIntersecting !== true) return
      near.disconnect()
      act()
    },
    { rootMargin: '400px' },
  )
  near.observe(place)
  return near
}

/** The first frame of a film, where the browser can play it: it reads no more of it than that takes. */
export function Poster({ room, file, play }: PreviewProps & { readonly play: () => void }) {
  const place = useRef<HTMLDivElement>(null)
  const url = useSignal<string | undefined>(undefined)
  const isDrawn = useSignal(false)
  useEffect(() => {
    if (place.current === null) return
    const near = whenNear(place.current, () => {
      void openLink(room.store.api, file.id).then((link) => {
        // A fragment of time makes the first frame come without playing.
        if (!isRefusal(link)) url.value = `${link.url}#t=0.001`
      })
    })
    return () => near.disconnect()
  }, [file.id])
  // The button beside the name does the same, for keys and screen readers.
  return (
    <div ref={place} class="picture">
      {url.value !== undefined && (
        <button type="button" tabIndex={-1} aria-hidden="true" hidden={!isDrawn.value} onClick={play}>
          <video
            src={url.value}
            preload="metadata"
            muted
            playsinline
            onLoadedData={({ currentTarget }) => {
              isDrawn.value = currentTarget.videoWidth > 0
            }}
          />
        </button>
      )}
    </div>
  )
}

/**
 * A picture in the timeline, brought here when somebody comes near it. It is shown only when its digest is right: then this member has it,
 * and says so.
 */
export function Picture({ room, file }: PreviewProps) {
  const { say, refusal } = useFullWords()
  const place = useRef<HTMLDivElement>(null)
  const isLarge = useSignal(false)
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
      const bytes = await answer.bytes()
      const type = pictureType(answer.header('content-type') ?? '', bytes.subarray(0, START_BYTES), file.name)
      const picture = new Blob([bytes], { type: type ?? '' })
      if (type === undefined) shown.value = { why: say('notShowable') }
      else if ((await digestOf(picture)) !== file.sha256) shown.value = { why: say('isOther', { file: file.name }) }
      else if (!wanted.signal.aborted) {
        shown.value = { url: URL.createObjectURL(picture) }
        const me = room.store.member.peek()
        const known = room.files.of(file.id).peek()
        if (known?.by.id !== me.id && known?.verified.includes(me.name) !== true)
          room.store.post({ type: 'receiveFile', file: file.id })
      }
    }
    if (place.current === null) return
    const near = whenNear(place.current, () => {
      load().catch((error: unknown) => {
        if (!wanted.signal.aborted) shown.value = { why: String(error) }
      })
    })
    return () => {
      near.disconnect()
      wanted.abort()
      const last = shown.peek()
      if (last !== undefined && 'url' in last) URL.revokeObjectURL(last.url)
    }
  }, [file.id])
  const now = shown.value
  const label = say('pictureOf', { file: file.name })
  return (
    <div ref={place} class="picture" data-key={`f${file.id}`}>
      {now !== undefined && 'url' in now && (
        <button
          type="button"
          onClick={() => {
            isLarge.value = true
          }}
        >
          <img src={now.url} alt={label} />
        </button>
      )}
      {now !== undefined && 'why' in now && <p class="fine">{say('previewFailed', { why: now.why })}</p>}
      {isLarge.value && now !== undefined && 'url' in now && (
        <Dialog
          title={forTerminal(file.name)}
          variant="large"
          actions={
            <>
              <DownloadButton room={room} file={file} />
              <Menu label={`${say('moreOf')}: ${file.name}`} button={<Icon of="more" />}>
                {() => <FileActions room={room} file={file} />}
              </Menu>
            </>
          }
          closed={() => {
            isLarge.value = false
          }}
        >
          <img src={now.url} alt={label} />
        </Dialog>
      )}
    </div>
  )
}

/** A PDF in the browser's own viewer, in a tab of its own. */
function PdfOpener({ room, file, done }: PreviewProps & { readonly done: () => void }) {
  const { say, refusal } = useFullWords()
  const failed = useSignal<string | undefined>(undefined)
  useEffect(() => {
    const load = async () => {
      const found = await room.store.api.blob(plainLink(file))
      if (isRefusal(found)) return refusal(found)
      // Another type would be another program in the page's own name.
      if ((await found.slice(0, 5).text()) !== '%PDF-') return say('notShowable')
      const url = URL.createObjectURL(new Blob([found], { type: 'application/pdf' }))
      open(url, '_blank', 'noopener')
      setTimeout(() => URL.revokeObjectURL(url), OPENED_MS)
      return undefined
    }
    void load().then((why) => {
      failed.value = why
      if (why === undefined) done()
    })
  }, [file.id])
  if (failed.value === undefined) return <p class="fine">{say('loading')}</p>
  return <p class="fine">{say('previewFailed', { why: failed.value })}</p>
}

/** A new tab has read it by then. */
const OPENED_MS = 60_000

async function textOf(room: Room, file: MentionedFile): Promise<string | Refusal | undefined> {
  const answer = await room.store.api.ask(plainLink(file))
  if (isRefusal(answer)) return answer
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await answer.bytes())
  } catch {
    // Not UTF-8.
    return undefined
  }
}

/** The first words of a short text, in the line about its file. */
export function FirstWords({ room, file }: PreviewProps) {
  const text = useSignal('')
  useEffect(() => {
    void textOf(room, file).then((found) => {
      if (typeof found === 'string') text.value = forTerminal(found.trim().replace(/\s*\n\s*/g, ', '))
    })
  }, [file.id])
  return text.value === '' ? null : <span class="cut">{text.value}</span>
}

/** The text of a small file, as text: whatever it says, nothing of it runs (C97). */
function TextPreview({ room, file }: { readonly room: Room; readonly file: MentionedFile }) {
  const { say, refusal } = useFullWords()
  const shown = useSignal<string | undefined>(undefined)
  useEffect(() => {
    const load = async () => {
      const found = await textOf(room, file)
      if (typeof found === 'string') return found.split('\n').map(forTerminal).join('\n')
      return say('previewFailed', { why: found === undefined ? say('notShowable') : refusal(found) })
    }
    void load().then((text) => {
      shown.value = text
    })
  }, [file.id])
  // One can scroll in it with the keyboard.
  return (
    <div class="preview">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reached by keys */}
      <section tabIndex={0} aria-label={`${say('textOfFile')}: ${file.name}`}>
        <pre>{shown.value ?? say('loading')}</pre>
      </section>
    </div>
  )
}

/** What a folder holds, on demand; each file in it can be saved alone. */
export function FolderList({ room, file }: { readonly room: Room; readonly file: MentionedFile }) {
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
                    href={`.${plainLink(file)}/${encodedPath(path)}`}
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
