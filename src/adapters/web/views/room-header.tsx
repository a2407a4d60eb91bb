import { forTerminal } from '#domain/names/text.ts'
import { useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { EditIcon, MenuIcon, SearchIcon, SettingsIcon } from './icons.tsx'

export function RoomHeader({ room }: { readonly room: Room }) {
  const say = useSay()
  const { topic, members, hasPassword } = room.place
  return (
    <header class="room-header">
      <button type="button" class="plain narrow" aria-label={say('menu')} onClick={() => room.show({ type: 'menu' })}>
        <MenuIcon />
      </button>
      <div class="about">
        <h1>
          <bdi>{forTerminal(room.name)}</bdi>
          <span class="count">{say('peopleHere', { count: members.value.length })}</span>
          {hasPassword.value && <span class="count">{say('withPassword')}</span>}
        </h1>
        <button type="button" class="topic" onClick={() => room.show({ type: 'topic' })}>
          <span class="unseen">{say('setTopic')}: </span>
          <span class="words" dir="auto">
            {topic.value === '' ? say('noTopic') : forTerminal(topic.value)}
          </span>
          <EditIcon />
        </button>
      </div>
      <button
        type="button"
        class="plain"
        aria-label={say('search')}
        onClick={() => room.show({ type: 'search', query: '' })}
      >
        <SearchIcon />
      </button>
      <button type="button" class="plain" aria-label={say('settings')} onClick={() => room.show({ type: 'settings' })}>
        <SettingsIcon />
      </button>
    </header>
  )
}
