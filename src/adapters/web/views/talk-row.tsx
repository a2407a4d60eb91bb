import { isNamedIn } from '#domain/names/text.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { MessageText } from '../text/message-text.tsx'
import type { Talked } from '../timeline/rows.ts'
import { copied } from './copied.ts'
import { CopyIcon, ReplyIcon } from './icons.tsx'
import { Face, Name } from './name.tsx'
import { Time } from './times.tsx'

interface TalkProps {
  readonly room: Room
  readonly entry: Talked
  readonly headed: boolean
  /** What can be done with it is shown. */
  readonly active: boolean
}

/** Something that somebody said. */
export function TalkRow({ room, entry, headed, active }: TalkProps) {
  const say = useSay()
  const me = room.place.member.value
  const { by, text, type } = entry
  const own = by.id === me.id
  const lit = !own && isNamedIn(text, me.name)
  return (
    <div class={`talk ${type}${headed ? ' headed' : ''}${lit ? ' lit' : ''}`}>
      <div class="gutter">{headed ? <Face {...by} /> : <Time at={entry.at} />}</div>
      <div class="body">
        {headed && type !== 'acted' && (
          <div class="head">
            <button type="button" class="who" onClick={() => room.show({ type: 'member', member: by })}>
              <Name {...by} />
            </button>
            {type === 'whispered' && (
              <span class="only">{own ? say('onlyTo', { name: entry.to.name }) : say('toYou')}</span>
            )}
            <Time at={entry.at} />
          </div>
        )}
        {type === 'acted' ? (
          <div class="act">
            <Name {...by} /> <MessageText text={text} /> <Time at={entry.at} />
          </div>
        ) : (
          <MessageText text={text} />
        )}
      </div>
      {active && <Actions room={room} entry={entry} own={own} />}
    </div>
  )
}

function Actions({ room, entry, own }: { readonly room: Room; readonly entry: Talked; readonly own: boolean }) {
  const { words } = usePage()
  const { say } = words.value
  const reply = () => {
    if (entry.type === 'whispered') room.writing.address(own ? entry.to.name : entry.by.name)
    else room.writing.quote(entry)
  }
  const copy = () => {
    if (copied(entry.text)) room.notices.tell(say('copied'))
  }
  return (
    <div class="actions">
      <button type="button" class="plain" aria-label={say('replyTo', { name: entry.by.name })} onClick={reply}>
        <ReplyIcon />
      </button>
      <button type="button" class="plain" aria-label={say('copy')} onClick={copy}>
        <CopyIcon />
      </button>
    </div>
  )
}
