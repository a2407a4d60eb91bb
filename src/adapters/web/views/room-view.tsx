import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { secondsRules } from '#domain/room/rules.ts'
import { secondsRuleText } from '#i18n/render-event.ts'
import { FileTransfersView } from '../files/file-transfers-view.tsx'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Composer } from './composer.tsx'
import { Dialogs } from './dialogs.tsx'
import { CloseIcon, EditIcon, MenuIcon, SearchIcon, SettingsIcon } from './icons.tsx'
import { useLoadMore } from './load-more.tsx'
import { Sidebar } from './sidebar.tsx'
import { TimelineView } from './timeline-view.tsx'

export function RoomView({ room }: { readonly room: Room }) {
  const say = useSay()
  const { announcer } = usePage()
  useEffect(() => {
    const seen = () => {
      if (document.visibilityState !== 'visible') return
      room.store.hurry()
      if (room.timeline.reading.peek() === 'end') room.markSeen()
    }
    document.addEventListener('visibilitychange', seen)
    addEventListener('online', seen)
    return () => {
      document.removeEventListener('visibilitychange', seen)
      removeEventListener('online', seen)
    }
  }, [room])
  return (
    <div class="page">
      <button type="button" class="skip" onClick={() => room.writing.focus()}>
        {say('skipToMessage')}
      </button>
      <aside class="wide">
        <Sidebar room={room} />
      </aside>
      <main class="room">
        <RoomHeader room={room} />
        <RankBadge room={room} />
        <TimelineView room={room} />
        <TypingLine room={room} />
        <NoticeList room={room} />
        <FileTransfersView room={room} />
        <Composer room={room} />
      </main>
      <Dialogs room={room} />
      <div class="unseen" role="log" aria-live="polite">
        {announcer.text.value}
      </div>
    </div>
  )
}

function RoomHeader({ room }: { readonly room: Room }) {
  const page = usePage()
  const { say } = page.words.value
  const { facts, members } = room.store
  const { topic, hasPassword } = facts.value
  const load = useLoadMore()
  // Who opens something hears of a host that does not answer.
  const near = () => void load().catch(() => {})
  return (
    // Its buttons open what is loaded then: whoever comes near one need not wait.
    <header class="room-header" onFocusIn={near} onPointerEnter={near}>
      <button type="button" class="plain narrow" aria-label={say('menu')} onClick={() => room.show({ type: 'menu' })}>
        <MenuIcon />
      </button>
      <div class="about">
        <h1>
          <bdi>{forTerminal(room.name)}</bdi>
          <span class="count">{say('peopleHere', { count: members.value.length })}</span>
          {hasPassword && <span class="count">{say('withPassword')}</span>}
          {secondsRules.map(
            (rule) =>
              facts.value[rule] > 0 && (
                <span key={rule} class="count">
                  {secondsRuleText(rule, facts.value[rule], page.words.value)}
                </span>
              ),
          )}
        </h1>
        <button type="button" class="topic" onClick={() => room.show({ type: 'topic' })}>
          <span class="unseen">{say('setTopic')}: </span>
          <span class="words" dir="auto">
            {topic === '' ? say('noTopic') : forTerminal(topic)}
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

/** Messages to this page's person alone. */
function NoticeList({ room }: { readonly room: Room }) {
  const say = useSay()
  return (
    <div class="notices" role="status">
      {room.notices.all.value.map(({ id, kind, text }) => (
        <p key={id} class={kind}>
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
function TypingLine({ room }: { readonly room: Room }) {
  const say = useSay()
  const names = room.typing.value
  return (
    <p class="typing">
      {names.length > 0 && say('typing', { count: names.length, names: names.slice(0, 3).join(', ') })}
    </p>
  )
}

/** How things stand with the host, where they do not stand well. */
function RankBadge({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  const state = room.store.state.value
  const left = useSecondsLeft(state.status === 'retrying' ? state.inMs : 0, state)
  return (
    <div class="standing" role="status">
      {state.status === 'retrying' && (
        <p>
          {left > 0 ? say('retryIn', { why: state.why, seconds: left }) : say('retryNow', { why: state.why })}{' '}
          {say('stillKept')}{' '}
          {left > 1 && (
            <button type="button" onClick={() => room.store.hurry()}>
              {say('tryAgain')}
            </button>
          )}
        </p>
      )}
      {state.status === 'closed' && (
        <p class="wrong">
          {say('placeEnded', {
            why:
              state.code === undefined
                ? forTerminal(state.why)
                : page.words.value.refusal({ code: state.code, message: state.why }),
          })}{' '}
          <button type="button" onClick={() => void page.join(page.name, room.name)}>
            {say('comeBack')}
          </button>
        </p>
      )}
    </div>
  )
}

/** Counts down from when `since` became another. */
function useSecondsLeft(ms: number, since: unknown): number {
  const left = useSignal(0)
  useEffect(() => {
    const due = performance.now() + ms
    const tell = () => {
      left.value = Math.max(0, Math.ceil((due - performance.now()) / 1000))
    }
    tell()
    if (ms === 0) return
    const timer = setInterval(tell, 250)
    return () => clearInterval(timer)
  }, [since])
  return left.value
}
