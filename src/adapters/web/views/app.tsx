import { useSignal, useSignalEffect } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { usePage } from '../state/context.ts'
import type { Page, Stage } from '../state/page.ts'
import { MoreContext } from './load-more.tsx'
import { RoomView } from './room-view.tsx'

export function App() {
  const page = usePage()
  const stage = page.stage.value
  useSignalEffect(() => {
    document.title = titleOf(page)
  })
  useSignalEffect(() => {
    const { dataset } = document.documentElement
    if (page.theme.value === 'system') delete dataset['theme']
    else dataset['theme'] = page.theme.value
    document.documentElement.lang = page.language.value
  })
  const more = useSignal(undefined)
  return stage.status === 'inside' ? (
    <MoreContext.Provider value={more}>
      <RoomView key={stage.room.name} room={stage.room} />
    </MoreContext.Provider>
  ) : (
    <SignIn stage={stage} />
  )
}

/** `(3) lobby · tamtam`: the number of unread messages. */
function titleOf(page: Page): string {
  const stage = page.stage.value
  if (stage.status !== 'inside') return 'tamtam'
  const { count } = stage.room.unread.value
  return `${count > 0 ? `(${count}) ` : ''}${forTerminal(stage.room.name)} · tamtam`
}

/** Name and room, with the refusal of the last attempt. */
function SignIn({ stage }: { readonly stage: Exclude<Stage, { status: 'inside' }> }) {
  const page = usePage()
  const words = page.words.value
  const { say } = words
  const form = useRef<HTMLFormElement>(null)
  const { status, why } = stage
  const wantsSecret = why?.code === 'NOT_FOUND' || why?.code === 'TRY_LATER'
  const submit = (event: Event) => {
    event.preventDefault()
    const said = new FormData(form.current ?? undefined)
    const text = (field: string) => String(said.get(field) ?? '')
    void page.join(text('name'), text('room'), text('secret'))
  }
  return (
    <main class="come-in">
      <form ref={form} onSubmit={submit}>
        <h1>tamtam</h1>
        <p>{say('pageLead')}</p>
        <label>
          {say('yourName')}
          <input name="name" value={page.name} autocomplete="nickname" spellcheck={false} required autofocus />
        </label>
        <label>
          {say('room')}
          <input name="room" value={page.roomName.value} autocapitalize="none" spellcheck={false} />
        </label>
        {wantsSecret && (
          <label>
            {say('secret')}
            <input name="secret" type="password" autocomplete="off" />
          </label>
        )}
        <button type="submit" class="primary">
          {say('comeIn')}
        </button>
        <p class={why === undefined ? 'why' : 'why wrong'} role="status">
          {status === 'entering' && why === undefined && say('comingIn')}
          {why !== undefined &&
            (why.code === 'UNREACHABLE' ? say('retryNow', { why: say('notReached') }) : words.refusal(why))}
        </p>
      </form>
    </main>
  )
}
