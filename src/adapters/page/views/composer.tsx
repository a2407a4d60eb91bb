import { useSignal } from '@preact/signals'
import { FileButtons } from '../files/file-buttons.tsx'
import { useSay } from '../place/context.ts'
import type { Room } from '../place/room.ts'

export function Composer({ room }: { readonly room: Room }) {
  const say = useSay()
  const draft = useSignal('')
  const submit = (event: Event) => {
    event.preventDefault()
    const text = draft.peek().trimEnd()
    if (text === '') return
    room.outbox.say({ type: 'say', text })
    draft.value = ''
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event)
  }
  return (
    <form class="composer" onSubmit={submit}>
      <FileButtons room={room} />
      <textarea
        aria-label={say('write', { room: room.name })}
        rows={1}
        value={draft}
        onInput={({ currentTarget }) => {
          draft.value = currentTarget.value
        }}
        onKeyDown={press}
      />
      <button type="submit">{say('send')}</button>
    </form>
  )
}
