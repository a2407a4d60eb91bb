import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { amountText, sizeText } from '#i18n/format.ts'
import type { Language } from '#i18n/translator.ts'
import { BrowserIds, BrowserStorage } from '../browser/platform.ts'
import { pageDefaults } from '../defaults.ts'
import { dropped } from '../files/chosen.ts'
import { PickButton } from '../files/pick-button.tsx'
import type { ToSend, Upload } from '../files/upload.ts'
import { Uploads } from '../files/uploads.ts'
import { DropApi, DropMemory } from './drop-api.ts'
import { refusalText, wordsOf } from './words.ts'

const language: Language = /^(?:id|in)\b/i.test(navigator.language) ? 'id' : 'en'
const say = wordsOf(language)

/** As on the page of the host: the same browser is the same person. */
function keyIn(kept: BrowserStorage): string {
  const key = kept.get('key') ?? new BrowserIds().next()
  kept.set('key', key)
  return key
}

/** A place for files and for a name: all that a drop link opens. */
export function DropPage({ link }: { readonly link: string }) {
  const kept = useMemo(() => new BrowserStorage(() => localStorage), [])
  const uploads = useMemo(() => new Uploads(), [])
  const key = useMemo(() => keyIn(kept), [kept])
  const valid = useSignal<number | 'gone' | 'unreachable' | undefined>(undefined)
  const name = useSignal(kept.get('name') ?? '')
  const chosen = useSignal<readonly ToSend[]>([])
  const isOver = useSignal(false)
  const wantsName = useSignal(false)
  const leftOut = useSignal<readonly string[]>([])
  const nameInput = useRef<HTMLInputElement>(null)

  useEffect(() => {
    document.title = say.title
    document.documentElement.lang = language
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      valid.value = await new DropApi(key, '').validUntil()
      timer = setTimeout(look, valid.value === 'unreachable' ? 2000 : pageDefaults.roomsEveryMs)
    }
    void look()
    const leaving = (event: BeforeUnloadEvent) => {
      if (uploads.busy) event.preventDefault()
    }
    addEventListener('beforeunload', leaving)
    return () => {
      clearTimeout(timer)
      removeEventListener('beforeunload', leaving)
    }
  }, [link, key, uploads, valid])

  const send = () => {
    const typed = name.peek().trim()
    wantsName.value = typed === '' && chosen.peek().length > 0
    if (typed === '') nameInput.current?.focus()
    if (typed === '' || chosen.peek().length === 0) return
    kept.set('name', typed)
    const api = new DropApi(key, typed)
    uploads.send(chosen.peek(), {
      ...{ api, room: '', me: '', to: undefined, memory: new DropMemory(kept, link) },
      leftOut: (skipped) => {
        leftOut.value = [...leftOut.peek(), ...skipped]
      },
    })
    chosen.value = []
  }
  const choose = (files: readonly ToSend[]) => {
    chosen.value = [...chosen.peek(), ...files]
    send()
  }
  /** Under the name that stands there now. */
  const again = (upload: Upload) => {
    uploads.remove(upload)
    choose([upload.sent])
  }

  if (valid.value === 'gone')
    return (
      <main>
        <p role="status">{say.gone}</p>
      </main>
    )
  return (
    <main>
      <h1>{say.title}</h1>
      <p>{say.lead}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <label>
          {say.yourName}
          <input
            ref={nameInput}
            name="name"
            value={name}
            autocomplete="name"
            spellcheck={false}
            required
            onInput={({ currentTarget }) => {
              name.value = currentTarget.value
            }}
          />
        </label>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside is the way without a mouse */}
        <div
          class={isOver.value ? 'zone over' : 'zone'}
          onDragOver={(event) => {
            event.preventDefault()
            isOver.value = true
          }}
          onDragLeave={() => {
            isOver.value = false
          }}
          onDrop={(event) => {
            event.preventDefault()
            isOver.value = false
            if (event.dataTransfer !== null) choose(dropped(event.dataTransfer))
          }}
        >
          <p>{say.dropHere}</p>
          <PickButton look="primary" label={say.choose} pick={choose} />
        </div>
        <p role="status" class="why">
          {wantsName.value && say.nameFirst}
          {valid.value === 'unreachable' && say.unreachable}
        </p>
        {chosen.value.length > 0 && (
          <>
            <p dir="auto">{chosen.value.map(({ name }) => forTerminal(name)).join(', ')}</p>
            <button type="submit" class="primary">
              {say.handIn}
            </button>
          </>
        )}
      </form>
      <Rows uploads={uploads} again={again} />
      {leftOut.value.length > 0 && (
        <p role="alert" dir="auto">
          {say.failed}: {leftOut.value.map(forTerminal).join('; ')}
        </p>
      )}
      {typeof valid.value === 'number' && (
        <p class="fine">
          {say.until} {new Date(valid.value).toLocaleString(language)}
        </p>
      )}
    </main>
  )
}

function Rows({ uploads, again }: { readonly uploads: Uploads; readonly again: (upload: Upload) => void }) {
  const all = uploads.all.value
  if (all.length === 0) return null
  return (
    <ul class="uploads" aria-label={say.files}>
      {all.map((upload) => (
        <Row key={upload.key} upload={upload} cancel={() => uploads.remove(upload)} again={() => again(upload)} />
      ))}
    </ul>
  )
}

interface RowProps {
  readonly upload: Upload
  readonly cancel: () => void
  readonly again: () => void
}

function Row({ upload, cancel, again }: RowProps) {
  const state = upload.state.value
  const tick = useSignal(0)
  useEffect(() => {
    if (state.status !== 'moving') return
    const timer = setInterval(() => tick.value++, pageDefaults.progressEveryMs)
    return () => clearInterval(timer)
  }, [state.status, tick])
  // Read for the row to be drawn again.
  void tick.value
  const { done, total = 0 } = upload.progress
  const name = forTerminal(upload.name)
  return (
    <li class={`upload ${state.status}`}>
      <span class="name" dir="auto">
        {name}
      </span>{' '}
      {state.status === 'whole' ? (
        <span role="status">
          {say.whole}: {sizeText(total, language)}, {new Date(state.at).toLocaleTimeString(language)}
        </span>
      ) : (
        <>
          <progress value={done} max={Math.max(1, total)} aria-label={name} />{' '}
          <span>
            {state.status === 'waiting' && say.waiting}
            {state.status === 'moving' &&
              `${total === 0 ? 100 : Math.floor((done / total) * 100)} % · ${amountText(done, total, language)}`}
          </span>
          {state.status === 'failed' && (
            <>
              <span role="alert">
                {say.failed}: {refusalText(state.why, language)}
              </span>{' '}
              <button type="button" aria-label={`${say.tryAgain}: ${upload.name}`} onClick={again}>
                {say.tryAgain}
              </button>
            </>
          )}{' '}
          <button type="button" aria-label={`${say.cancel}: ${upload.name}`} onClick={cancel}>
            {say.cancel}
          </button>
        </>
      )}
    </li>
  )
}
