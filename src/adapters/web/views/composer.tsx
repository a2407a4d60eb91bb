import { useSignalEffect } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { pageDefaults } from '../defaults.ts'
import { FileButtons } from '../files/file-transfers-view.tsx'
import { usePage, useSay } from '../state/context.ts'
import { executeCommand } from '../state/execute-command.ts'
import type { Room } from '../state/room.ts'
import { completed } from '../text/text.ts'
import { CloseIcon, SendIcon } from './icons.tsx'

/** Where somebody writes. Enter sends, Shift and Enter begins a line. */
export function Composer({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  const { writing, store, timeline } = room
  const draft = writing.draft.value
  const to = writing.to.value
  const field = useRef<HTMLTextAreaElement>(null)
  const told = useRef({ begun: 0, at: Number.NEGATIVE_INFINITY })
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

  const send = () => {
    const line = draft.trimEnd()
    if (line === '') return
    writing.write('')
    room.notices.clear()
    void timeline.toLatest()
    executeCommand(page, room, line, to)
  }
  const write = (text: string) => {
    const now = performance.now()
    if (draft === '') told.current = { ...told.current, begun: now }
    writing.write(text)
    const { begun, at } = told.current
    const isTold = now - at < pageDefaults.typingEveryMs || now - begun < pageDefaults.quickTypingMs
    if (isTold || text.startsWith('/') || to !== undefined) return
    told.current = { begun, at: now }
    store.post({ type: 'typing' })
  }
  const press = (event: KeyboardEvent) => {
    const element = field.current
    if (event.isComposing || element === null) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    } else if (event.key === 'Tab' && !event.shiftKey) {
      const names = store.members.peek().map(({ name }) => name)
      const done = completed(draft, element.selectionStart, names)
      if (done === undefined) return
      event.preventDefault()
      writing.write(done.text)
      element.value = done.text
      element.setSelectionRange(done.cursor, done.cursor)
    } else if (event.key === 'Escape') {
      if (room.notices.clear()) return
      if (to !== undefined) writing.address(undefined)
      else room.clear()
    }
  }
  const label = to === undefined ? say('write', { room: room.name }) : say('writeTo', { name: to })
  return (
    <form
      class={`composer${to === undefined ? '' : ' whispering'}`}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {to !== undefined && (
        <div class="to">
          <span>{say('toName', { name: to })}</span>
          <button type="button" class="plain" aria-label={say('cancel')} onClick={() => writing.address(undefined)}>
            <CloseIcon />
          </button>
        </div>
      )}
      <div class="line">
        <FileButtons room={room} />
        <textarea
          ref={field}
          id="message"
          aria-label={label}
          placeholder={label}
          rows={1}
          enterkeyhint="send"
          value={draft}
          onInput={({ currentTarget }) => write(currentTarget.value)}
          onKeyDown={press}
        />
        <button type="submit" class="primary" aria-label={say('send')} disabled={draft.trim() === ''}>
          <SendIcon />
        </button>
      </div>
    </form>
  )
}

const hasKeys = (): boolean => matchMedia('(pointer: fine)').matches
