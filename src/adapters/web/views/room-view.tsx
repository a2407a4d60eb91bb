import { useEffect } from 'preact/hooks'
import { FileTransfersView } from '../files/file-transfers-view.tsx'
import { usePage, useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Composer } from './composer.tsx'
import { Dialogs } from './dialogs.tsx'
import { RankBadge } from './rank.tsx'
import { RoomHeader } from './room-header.tsx'
import { Sidebar } from './sidebar.tsx'
import { TimelineView } from './timeline-view.tsx'
import { NoticeList, TypingLine } from './unread-button.tsx'

export function RoomView({ room }: { readonly room: Room }) {
  const say = useSay()
  const { announcer } = usePage()
  useEffect(() => {
    const look = () => {
      if (document.visibilityState !== 'visible') return
      room.place.hurry()
      if (room.timeline.reading.peek() === 'end') room.look()
    }
    document.addEventListener('visibilitychange', look)
    addEventListener('online', look)
    return () => {
      document.removeEventListener('visibilitychange', look)
      removeEventListener('online', look)
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
