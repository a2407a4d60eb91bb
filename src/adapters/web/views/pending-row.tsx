import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { MessageText } from '../text/message-text.tsx'
import type { PendingMessage } from '../timeline/outbox.ts'
import { Face, Name } from './name.tsx'

/** Something said here that the room does not have yet, or will not have. */
export function PendingRow({ room, unshown }: { readonly room: Room; readonly unshown: PendingMessage }) {
  const words = usePage().words.value
  const { say } = words
  const { talk, status } = unshown
  const me = room.place.member.value
  return (
    <li class={`row unshown ${status}`} tabIndex={-1}>
      <div class="talk headed">
        <div class="gutter">
          <Face {...me} />
        </div>
        <div class="body">
          <div class="head">
            <Name {...me} />
            {talk.type === 'whisper' && <span class="only">{say('onlyTo', { name: talk.to })}</span>}
            {status === 'waiting' && <span class="state">{say('waiting')}</span>}
          </div>
          <MessageText text={talk.text} />
          {status === 'failed' && (
            <p class="wrong" role="alert">
              {say('failed', { why: words.refusal(unshown.why) })}{' '}
              <button type="button" onClick={() => room.outbox.retry(talk.id)}>
                {say('retry')}
              </button>{' '}
              <button type="button" onClick={() => room.outbox.discard(talk.id)}>
                {say('discard')}
              </button>
            </p>
          )}
        </div>
      </div>
    </li>
  )
}
