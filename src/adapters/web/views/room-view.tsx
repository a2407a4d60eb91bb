import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { endedText } from '#i18n/render-event.ts'
import { focusOn, isLoopback } from '../browser/platform.ts'
import { FileTransfersView } from '../files/file-transfers-view.tsx'
import { ask } from '../state/ask.ts'
import { usePage, useSay } from '../state/context.ts'
import type { Room, Tab } from '../state/room.ts'
import { Composer } from './composer.tsx'
import { Dialogs } from './dialogs.tsx'
import { Icon } from './icons.tsx'
import { Rule } from './labels.tsx'
import { More, useLoadMore } from './load-more.tsx'
import { IconButton, Item, Menu } from './menu.tsx'
import { Sidebar } from './sidebar.tsx'
import { TimelineView } from './timeline-view.tsx'

export function RoomView({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  useEffect(() => {
    const seen = () => {
      if (document.visibilityState !== 'visible') return
      room.store.hurry()
      if (room.timeline.reading.peek() === 'end') room.markSeen()
    }
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      room.show({ type: 'rooms' })
    }
    document.addEventListener('visibilitychange', seen)
    addEventListener('online', seen)
    addEventListener('keydown', press)
    return () => {
      document.removeEventListener('visibilitychange', seen)
      removeEventListener('online', seen)
      removeEventListener('keydown', press)
    }
  }, [room])
  const closeFiles = () => {
    page.showsFiles.value = false
    room.tab.value = 'talk'
  }
  const showsFiles = page.showsFiles.value || room.tab.value === 'files'
  return (
    <div class={showsFiles ? 'page with-files' : 'page'} data-tab={room.tab.value}>
      <button type="button" class="skip" onClick={() => room.writing.focus()}>
        {say('skipToMessage')}
      </button>
      <Sidebar room={room} />
      <main class="room">
        <RoomHeader room={room} />
        <Tabs room={room} />
        <div class="talk-column">
          <ConnectionNotice room={room} />
          <TimelineView room={room} />
          <Composer room={room} />
          <FileTransfersView room={room} />
        </div>
      </main>
      {showsFiles && <More>{({ FilesPanel }) => <FilesPanel room={room} close={closeFiles} />}</More>}
      <NoticeList room={room} />
      <Dialogs room={room} />
      <div class="unseen" role="log" aria-live="polite">
        {page.announcer.text.value}
      </div>
    </div>
  )
}

/** On a narrow screen one thing at a time. */
function Tabs({ room }: { readonly room: Room }) {
  const say = useSay()
  const { tab, files, store } = room
  const tabs: readonly (readonly [Tab, string])[] = [
    ['talk', say('talk')],
    ['files', `${say('files')} ${files.ids.value.length}`],
    ['people', `${say('people')} ${store.members.value.length}`],
  ]
  return (
    <nav class="tabs" aria-label={say('parts')}>
      {tabs.map(([name, label]) => (
        <button
          key={name}
          type="button"
          aria-current={tab.value === name ? 'page' : undefined}
          onClick={() => {
            tab.value = name
          }}
        >
          {label}
        </button>
      ))}
    </nav>
  )
}

function RoomHeader({ room }: { readonly room: Room }) {
  const page = usePage()
  const { say } = page.words.value
  const { facts, member } = room.store
  const { hasPassword, collectingSince, topic: _, ...rules } = facts.value
  const isOp = member.value.role !== undefined
  const load = useLoadMore()
  // Who opens something hears of a host that does not answer.
  const near = () => void load().catch(() => {})
  const states = [
    ...(hasPassword ? [say('withPassword')] : []),
    ...(collectingSince === undefined ? [] : [say('isCollecting')]),
  ]
  return (
    // Its buttons open what is loaded then: whoever comes near one need not wait.
    <header class="room-header" onFocusIn={near} onPointerEnter={near}>
      <div class="about">
        <h1>
          <bdi>{forTerminal(room.name)}</bdi>
        </h1>
        <Topic room={room} />
        {states.map((rule) => (
          <Rule key={rule} text={rule} />
        ))}
        {Object.values(rules).some(Boolean) && <More>{({ RuleLabels }) => <RuleLabels room={room} />}</More>}
      </div>
      <button type="button" class="with-words" onClick={() => room.show({ type: 'share' })}>
        <Icon of="share" />
        {say('share')}
      </button>
      <IconButton icon="search" label={say('search')} act={() => room.show({ type: 'search', query: '' })} />
      {!page.showsFiles.value && (
        <IconButton
          icon="file"
          class="plain files-button"
          label={say('files')}
          act={() => {
            page.showsFiles.value = true
          }}
        />
      )}
      <Menu label={say('moreActions')} button={<Icon of="more" />}>
        {() => (
          <>
            {isOp && <Item act={() => room.show({ type: 'manage' })}>{say('manageRoom')}</Item>}
            <Item
              act={() => {
                room.editsTopic.value = true
              }}
            >
              {say('setTopic')}
            </Item>
            <Item act={() => room.show({ type: 'settings' })}>{say('settings')}</Item>
            <Item act={() => room.show({ type: 'help' })}>{say('help')}</Item>
            {isLoopback() && <Item act={() => void open('status', '_blank', 'noopener')}>{say('hostStatus')}</Item>}
            <Item class="grave" act={() => page.ask()}>
              {say('leaveRoom')}
            </Item>
          </>
        )}
      </Menu>
    </header>
  )
}

/** Click to write it. */
function Topic({ room }: { readonly room: Room }) {
  const page = usePage()
  const { say } = page.words.value
  const { topic, topicLocked } = room.store.facts.value
  if (room.editsTopic.value) {
    const save = (wanted: string) => {
      room.editsTopic.value = false
      if (wanted !== topic) ask(page, room, { type: 'setTopic', topic: wanted })
    }
    return (
      <form
        class="topic-form"
        onSubmit={(event) => {
          event.preventDefault()
          save(String(new FormData(event.currentTarget).get('topic') ?? '').trim())
        }}
      >
        <input
          name="topic"
          aria-label={say('topic')}
          defaultValue={topic}
          autocomplete="off"
          ref={focusOn}
          onKeyDown={({ key }) => {
            if (key === 'Escape') room.editsTopic.value = false
          }}
          onBlur={() => {
            room.editsTopic.value = false
          }}
        />
      </form>
    )
  }
  const isOffered = topic !== '' || room.store.member.value.role !== undefined || !topicLocked
  if (!isOffered) return null
  return (
    <button
      type="button"
      class="topic"
      title={topic}
      onClick={() => {
        room.editsTopic.value = true
      }}
    >
      {topic !== '' && <span class="unseen">{say('setTopic')}: </span>}
      <span class="words" dir="auto">
        {topic === '' ? say('addTopic') : forTerminal(topic)}
      </span>
    </button>
  )
}

/** Messages to this page's person alone. */
function NoticeList({ room }: { readonly room: Room }) {
  const say = useSay()
  return (
    <div class="toasts" role="status">
      {room.notices.all.value.map(({ id, kind, text }) => (
        <p key={id} class={`toast ${kind}`}>
          <span>{text}</span>
          <IconButton icon="close" label={say('close')} act={() => room.notices.drop(id)} />
        </p>
      ))}
    </div>
  )
}

/** The connection to the host, while there is none. */
function ConnectionNotice({ room }: { readonly room: Room }) {
  const page = usePage()
  const say = useSay()
  const state = room.store.state.value
  const left = useSecondsLeft(state.status === 'retrying' ? state.inMs : 0, state)
  return (
    <div class="standing" role="status">
      {state.status === 'retrying' && (
        <p>
          {left > 0 ? say('retryIn', { seconds: left }) : say('retryNow')} {say('stillKept')}
          {left > 1 && (
            <button type="button" onClick={() => room.store.hurry()}>
              {say('tryAgain')}
            </button>
          )}
        </p>
      )}
      {state.status === 'closed' && (
        <p class="wrong">
          {state.code === 'REPLACED'
            ? say('otherTab')
            : say('placeEnded', { why: endedText(room.store.member.value.name, state, page.words.value) })}
          {state.code !== 'BANNED' && (
            <button type="button" onClick={() => void page.join(page.name, room.name)}>
              {say('comeBack')}
            </button>
          )}
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
