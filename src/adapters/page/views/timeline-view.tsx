import { useComputed } from '@preact/signals'
import { forTerminal } from '../../../domain/text/terminal.ts'
import { pageDefaults } from '../defaults.ts'
import { FileCard } from '../files/file-card.tsx'
import { useSay } from '../place/context.ts'
import type { Room } from '../place/room.ts'
import { MessageText } from '../text/message-text.tsx'
import { rowsOf } from '../timeline/rows.ts'

export function TimelineView({ room }: { readonly room: Room }) {
  const say = useSay()
  const rows = useComputed(() => rowsOf(room.timeline.span.value.items, undefined, pageDefaults.groupMs))
  return (
    <section class="timeline" aria-label={say('messages', { room: room.name })}>
      <ol>
        {rows.value.map((row) => (
          <li key={row.key}>
            {row.type === 'talk' && <b>{forTerminal(row.entry.by.name)}</b>}
            {row.type === 'talk' && <MessageText text={row.entry.text} />}
            {row.type === 'file' && <FileCard room={room} entry={row.entry} />}
          </li>
        ))}
      </ol>
    </section>
  )
}
