import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import type { Member } from '#domain/room/events.ts'
import { focusOn, roomFragment } from '../browser/platform.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Icon } from './icons.tsx'
import { Face } from './labels.tsx'
import { PersonMenu } from './person-menu.tsx'

const MOST_UNREAD = 99

/** The rooms, the members here, and oneself. */
export function Sidebar({ room }: { readonly room: Room }) {
  const say = useSay()
  const me = room.store.member.value
  return (
    <aside class="side" aria-label={say('roomsAndPeople')}>
      <p class="brand">tamtam</p>
      <div class="lists">
        <RoomList room={room} />
        <Members room={room} />
      </div>
      <div class={me.away === undefined ? 'self' : 'self away'}>
        <button type="button" class="row-line" onClick={() => room.show({ type: 'settings' })}>
          <Face name={me.name} />
          <span class="unseen">{say('settings')}: </span>
          <bdi>{forTerminal(me.name)}</bdi>
          <span class="marks">{[say('yourself'), ...marksOf(me, say)].join(' · ')}</span>
        </button>
      </div>
    </aside>
  )
}

function RoomList({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  const isAdding = useSignal(false)
  const titled = useId()
  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === 'visible') void page.rooms.refresh(room.store.api)
    }
    refresh()
    const timer = setInterval(refresh, pageDefaults.roomsEveryMs)
    return () => clearInterval(timer)
  }, [page, room])
  const rows = page.rooms.rows.value
  const here = rows.some(({ name }) => name === room.name) ? [] : [{ name: room.name, last: 0 }]
  return (
    <nav aria-labelledby={titled}>
      <h2 id={titled}>{say('rooms')}</h2>
      <ul>
        {[...here, ...rows].map(({ name, last }) => {
          const isHere = name === room.name
          const unread = isHere ? 0 : Math.max(0, last - (page.readIn(name) ?? last))
          return (
            <li key={name}>
              <a class="row-line" href={roomFragment(name)} aria-current={isHere ? 'page' : undefined}>
                <span class="sign" aria-hidden="true">
                  #
                </span>
                <bdi>{forTerminal(name)}</bdi>
                {unread > 0 && (
                  <span class="marks">
                    {say('newCount', { many: unread > MOST_UNREAD ? `${MOST_UNREAD}+` : unread })}
                  </span>
                )}
              </a>
            </li>
          )
        })}
      </ul>
      {isAdding.value ? (
        <form
          class="go"
          onSubmit={(event) => {
            event.preventDefault()
            const wanted = String(new FormData(event.currentTarget).get('room') ?? '').trim()
            if (wanted !== '') page.go(wanted)
            isAdding.value = false
          }}
        >
          <input
            name="room"
            aria-label={say('newRoom')}
            placeholder={say('roomName')}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            ref={focusOn}
            onKeyDown={({ key }) => {
              if (key === 'Escape') isAdding.value = false
            }}
          />
        </form>
      ) : (
        <button
          type="button"
          class="row-line new-room"
          onClick={() => {
            isAdding.value = true
          }}
        >
          <Icon of="plus" />
          {say('newRoom')}
        </button>
      )}
    </nav>
  )
}

const RANKS = { owner: 0, op: 1 } as const
const rank = ({ role, away }: Member): number => (role === undefined ? 2 : RANKS[role]) + (away === undefined ? 0 : 3)

const marksOf = ({ role, away }: Member, say: ReturnType<typeof useSay>): readonly string[] => [
  ...(role === undefined ? [] : [say(role === 'op' ? 'moderator' : role)]),
  ...(away === undefined ? [] : [away === '' ? say('isAway') : `${say('isAway')}: ${forTerminal(away)}`]),
]

function Members({ room }: { readonly room: Room }) {
  const say = useSay()
  const titled = useId()
  const me = room.store.member.value.id
  const all = room.store.members.value
  const others = all
    .filter(({ id }) => id !== me)
    .sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name))
  return (
    <section class="people" aria-labelledby={titled}>
      <h2 id={titled}>{say('hereNow', { count: all.length })}</h2>
      <ul onKeyDown={walk}>
        {others.map((member) => (
          <li key={member.id} class={member.away === undefined ? '' : 'away'}>
            <PersonMenu room={room} member={member} class="row-line">
              <Face name={member.name} />
              <bdi>{forTerminal(member.name)}</bdi>
              <span class="marks">{marksOf(member, say).join(' · ')}</span>
            </PersonMenu>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Up and down in a list of buttons. */
function walk(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>('.row-line')]
  const at = buttons.indexOf(document.activeElement as HTMLElement)
  const next = at < 0 ? undefined : buttons[at + (event.key === 'ArrowUp' ? -1 : 1)]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}
