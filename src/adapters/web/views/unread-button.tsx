import { useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { CloseIcon } from './icons.tsx'

/** What the page tells only whoever is at it. */
export function NoticeList({ room }: { readonly room: Room }) {
  const say = useSay()
  return (
    <div class="notices" role="status">
      {room.notices.shown.value.map(({ id, manner, text }) => (
        <p key={id} class={manner}>
          <span>{text}</span>
          <button type="button" class="plain" aria-label={say('close')} onClick={() => room.notices.drop(id)}>
            <CloseIcon />
          </button>
        </p>
      ))}
    </div>
  )
}

/** Always as tall, so that nothing jumps. */
export function TypingLine({ room }: { readonly room: Room }) {
  const say = useSay()
  const names = room.typing.value
  return (
    <p class="typing">
      {names.length > 0 && say('typing', { count: names.length, names: names.slice(0, 3).join(', ') })}
    </p>
  )
}
