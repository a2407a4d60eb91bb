import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import type { Member } from '#domain/room/events.ts'
import { roomFragment } from '../browser/platform.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { PlusIcon } from './icons.tsx'
import { Face } from './labels.tsx'

const MOST_UNREAD = 99

/** The other rooms, and the members here. */
export function Sidebar({ room }: { readonly room: Room }) {
  return (
    <>
      <RoomList room={room} />
      <Members room={room} />
    </>
  )
}

function RoomList({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  const wanted = useSignal('')
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
  const here = rows.some(({ name }) => name === room.name) ? [] : [{ name: room.name, members: 1, last: 0 }]
  return (
    <nav aria-labelledby={titled}>
      <h2 id={titled}>{say('rooms')}</h2>
      <ul>
        {[...here, ...rows].map(({ name, members, last }) => {
          const isHere = name === room.name
          const unread = isHere ? 0 : Math.max(0, last - (page.readIn(name) ?? last))
          return (
            <li key={name}>
              <a
                href={roomFragment(name)}
                aria-current={isHere ? 'page' : undefined}
                onClick={() => room.show(undefined)}
              >
                <bdi>{forTerminal(name)}</bdi>
                {unread > 0 ? (
                  <span class="badge">
                    {unread > MOST_UNREAD ? `${MOST_UNREAD}+` : unread}
                    <span class="unseen"> {say('unreadHere')}</span>
                  </span>
                ) : (
                  <span class="count">
                    {members}
                    <span class="unseen"> {say('people')}</span>
                  </span>
                )}
              </a>
            </li>
          )
        })}
      </ul>
      <form
        class="go"
        onSubmit={(event) => {
          event.preventDefault()
          if (wanted.peek().trim() !== '') page.go(wanted.peek())
          wanted.value = ''
        }}
      >
        <input
          aria-label={say('newRoom')}
          placeholder={say('newRoom')}
          value={wanted}
          autocapitalize="none"
          spellcheck={false}
          onInput={({ currentTarget }) => {
            wanted.value = currentTarget.value
          }}
        />
        <button type="submit" class="plain" aria-label={say('go')}>
          <PlusIcon />
        </button>
      </form>
    </nav>
  )
}

const RANKS = { owner: 0, op: 1 } as const
const rank = ({ role, away }: Member): number => (role === undefined ? 2 : RANKS[role]) + (away === undefined ? 0 : 3)

function Members({ room }: { readonly room: Room }) {
  const say = useSay()
  const titled = useId()
  const me = room.store.member.value.id
  const members = [...room.store.members.value].sort(
    (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name),
  )
  return (
    <section class="people" aria-labelledby={titled}>
      <h2 id={titled}>{say('people')}</h2>
      <ul onKeyDown={walk}>
        {members.map((member) => (
          <li key={member.id}>
            <button
              type="button"
              class={member.away === undefined ? 'person' : 'person away'}
              onClick={() => room.show({ type: 'member', member })}
            >
              <Face {...member} />
              <bdi>{forTerminal(member.name)}</bdi>
              <span class="marks">
                {[
                  member.id === me ? say('yourself') : '',
                  member.role === undefined ? '' : say(member.role),
                  member.away === undefined ? '' : say('isAway'),
                ]
                  .filter((mark) => mark !== '')
                  .join(' · ')}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Up and down in a list of buttons. */
function walk(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
  const buttons = [...event.currentTarget.querySelectorAll('button')]
  const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
  const next = buttons[at + (event.key === 'ArrowUp' ? -1 : 1)]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}
