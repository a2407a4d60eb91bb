import { useSignal, useSignalEffect } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { spanText } from '#i18n/format.ts'
import { pageDefaults } from '../defaults.ts'
import { FileButtons } from '../files/file-transfers-view.tsx'
import { usePage, useSay } from '../state/context.ts'
import { executeCommand } from '../state/execute-command.ts'
import type { Room } from '../state/room.ts'
import { completed } from '../text/text.ts'
import { Icon } from './icons.tsx'
import { More } from './load-more.tsx'
import { Item, Menu } from './menu.tsx'
import { optionId, Suggestions, suggestionsFor, taken } from './suggestions.tsx'

/** Where somebody writes. Enter sends, Shift and Enter begins a line. */
export function Composer({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  const { writing, store, timeline } = room
  const draft = writing.draft.value
  const to = writing.to.value
  const field = useRef<HTMLTextAreaElement>(null)
  const told = useRef({ begun: 0, at: Number.NEGATIVE_INFINITY })
  const cursor = useSignal(0)
  /** Of the suggestions; undefined where they were sent away. */
  const chosen = useSignal<number | undefined>(0)
  const isByKey = useSignal(false)
  const off = whyOff(room, say)
  useSignalEffect(() => {
    // A dialog that closes just now gives the focus back first. On a phone it would bring up the keys unasked.
    if (writing.focusRequests.value > 0 || hasKeys()) setTimeout(() => field.current?.focus())
  })
  useLayoutEffect(() => {
    const element = field.current
    if (element === null) return
    // As tall as its text; the style sheet holds the limit.
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [draft])

  const suggestions =
    chosen.value === undefined ? [] : suggestionsFor(draft, Math.min(cursor.value, draft.length), store.members.value)
  const at = Math.min(chosen.value ?? 0, suggestions.length - 1)
  const place = (text: string, caret: number) => {
    writing.write(text)
    cursor.value = caret
    if (field.current === null) return
    field.current.value = text
    field.current.setSelectionRange(caret, caret)
  }
  const take = (index: number) => {
    const each = suggestions[index]
    if (each === undefined) return
    const done = taken(draft, cursor.peek(), each)
    place(done.text, done.cursor)
  }
  const send = () => {
    const line = draft.trimEnd()
    if (line === '' || off !== undefined) return
    writing.sent(line)
    room.notices.clear()
    void timeline.toLatest()
    executeCommand(page, room, line, to)
  }
  const write = (text: string) => {
    const now = performance.now()
    if (draft === '') told.current = { ...told.current, begun: now }
    writing.write(text)
    chosen.value = 0
    const { begun, at } = told.current
    const isTold = now - at < pageDefaults.typingEveryMs || now - begun < pageDefaults.quickTypingMs
    if (isTold || text.startsWith('/') || to !== undefined) return
    told.current = { begun, at: now }
    store.post({ type: 'typing' })
  }
  const recall = (step: 1 | -1, element: HTMLTextAreaElement) => {
    if (!writing.recall(step)) return false
    const text = writing.draft.peek()
    element.value = text
    element.setSelectionRange(text.length, text.length)
    // A recalled word is no begun one.
    chosen.value = undefined
    return true
  }
  const press = (event: KeyboardEvent) => {
    const element = field.current
    if (event.isComposing || element === null) return
    const { key, shiftKey } = event
    const isOpen = suggestions.length > 0
    const done = () => event.preventDefault()
    if (isOpen && (key === 'ArrowDown' || key === 'ArrowUp')) {
      chosen.value = (at + (key === 'ArrowDown' ? 1 : suggestions.length - 1)) % suggestions.length
      done()
    } else if (isOpen && key === 'Tab' && !shiftKey) {
      take(at)
      done()
    } else if (isOpen && key === 'Enter' && !shiftKey && !isTyped(suggestions[at], draft)) {
      take(at)
      done()
    } else if (isOpen && key === 'Escape') chosen.value = undefined
    else if (key === 'Enter' && !shiftKey) {
      done()
      send()
    } else if (key === 'Tab' && !shiftKey) {
      const names = store.members.peek().map(({ name }) => name)
      const found = completed(draft, element.selectionStart, names)
      if (found === undefined) return
      done()
      place(found.text, found.cursor)
    } else if (key === 'ArrowUp' || key === 'ArrowDown') {
      if (recall(key === 'ArrowUp' ? 1 : -1, element)) done()
    } else if (key === 'Escape') {
      if (room.notices.clear()) return
      if (to !== undefined) writing.address(undefined)
      else room.clear()
    }
  }
  const isReady = draft.trim() !== '' && off === undefined
  return (
    <div class="composer-box column">
      {suggestions.length > 0 && <Suggestions all={suggestions} chosen={at} take={take} />}
      <TypingLine room={room} />
      {page.transfers.uploads.all.value.length > 0 && <More>{({ TransferBar }) => <TransferBar />}</More>}
      <form
        class={`composer${to === undefined ? '' : ' whispering'}${off === undefined ? '' : ' off'}${isByKey.value ? ' by-key' : ''}`}
        onSubmit={(event) => {
          event.preventDefault()
          send()
        }}
      >
        <Addressee room={room} />
        <div class="line">
          <FileButtons room={room} />
          <textarea
            ref={field}
            id="message"
            aria-label={to === undefined ? say('write', { room: room.name }) : say('writeTo', { name: to })}
            aria-describedby={off === undefined ? undefined : 'why-off'}
            aria-controls={suggestions.length > 0 ? 'suggestions' : undefined}
            aria-activedescendant={suggestions.length > 0 ? optionId(at) : undefined}
            placeholder={off ?? say('writeOrDrop')}
            rows={1}
            enterkeyhint="send"
            readOnly={off !== undefined}
            value={draft}
            onInput={({ currentTarget }) => {
              cursor.value = currentTarget.selectionStart
              write(currentTarget.value)
            }}
            onSelect={({ currentTarget }) => {
              cursor.value = currentTarget.selectionStart
            }}
            onKeyDown={press}
            onKeyUp={({ key }) => {
              if (key === 'Tab') isByKey.value = true
            }}
            onBlur={() => {
              isByKey.value = false
            }}
          />
          <button type="submit" class={isReady ? 'send primary' : 'send'} aria-label={say('send')} disabled={!isReady}>
            <Icon of="send" />
          </button>
        </div>
      </form>
      <p class="hints">
        {off === undefined ? <span>{say('enterSends')}</span> : <b id="why-off">{off}</b>}
        <span>{say('slashHint')}</span>
      </p>
    </div>
  )
}

/** Whether a suggestion is in the text already: Enter then sends. */
const isTyped = (each: ReturnType<typeof suggestionsFor>[number] | undefined, text: string): boolean =>
  each === undefined || (each.type === 'command' ? text === `/${each.word}` : text.endsWith(`@${each.name}`))

/** Why nothing can be written here. */
function whyOff(room: Room, say: ReturnType<typeof useSay>): string | undefined {
  const state = room.store.state.value
  if (state.status === 'closed') return say(state.code === 'BANNED' ? 'youAreBanned' : 'youAreOut')
  const muted = room.store.muted.value
  if (muted === undefined) return undefined
  return muted.reason === undefined ? say('youAreMuted') : `${say('youAreMuted')} (${forTerminal(muted.reason)})`
}

/** To whom it goes: always there, and where it is changed. */
function Addressee({ room }: { readonly room: Room }) {
  const { words, transfers } = usePage()
  const { say, language } = words.value
  const { writing, store } = room
  const to = writing.to.value
  const me = store.member.value.id
  const others = store.members.value.filter(({ id }) => id !== me)
  const seconds = transfers.expiresInSeconds.value
  return (
    <div class="to">
      <span aria-hidden="true">{say('toWhom')}</span>
      <Menu
        class="chip"
        button={
          <>
            <span class="unseen">{say('toWhom')} </span>
            <span>{to === undefined ? say('everyoneIn', { room: room.name }) : say('onlyName', { name: to })}</span>
            <Icon of="chevron" />
          </>
        }
      >
        {() => (
          <>
            <Item act={() => writing.address(undefined)}>{say('everyoneIn', { room: room.name })}</Item>
            {others.map(({ id, name }) => (
              <Item key={id} act={() => writing.address(name)}>
                {say('onlyName', { name: forTerminal(name) })}
              </Item>
            ))}
          </>
        )}
      </Menu>
      {seconds !== undefined && (
        <button type="button" class="chip" onClick={() => room.show({ type: 'expiry' })}>
          {say('filesGoAfter', { time: spanText(seconds, language) })}
        </button>
      )}
    </div>
  )
}

/** Always as tall, so that nothing jumps. */
function TypingLine({ room }: { readonly room: Room }) {
  const say = useSay()
  const names = room.typing.value
  return (
    <p class="typing">
      {names.length > 0 && say('typing', { count: names.length, names: names.slice(0, 3).join(', ') })}
    </p>
  )
}

const hasKeys = (): boolean => matchMedia('(pointer: fine)').matches
