import { forTerminal } from '../../../domain/text/terminal.ts'
import { FileDesk } from '../files/file-desk.tsx'
import { useSay } from '../place/context.ts'
import type { Room } from '../place/room.ts'
import { Composer } from './composer.tsx'
import { TimelineView } from './timeline-view.tsx'

export function RoomView({ room }: { readonly room: Room }) {
  const say = useSay()
  const { members, topic } = room.place
  return (
    <main class="room">
      <header>
        <h1>{forTerminal(room.name)}</h1>
        <p>{forTerminal(topic.value)}</p>
        <p>{say('peopleHere', { count: members.value.length })}</p>
      </header>
      <TimelineView room={room} />
      <FileDesk room={room} />
      <Composer room={room} />
    </main>
  )
}
