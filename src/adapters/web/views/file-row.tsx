import type { Audience } from '#domain/room/events.ts'
import type { PageTranslator } from '#i18n/translator.ts'
import { FileCard } from '../files/file-card.tsx'
import { useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import type { FileEntry } from '../timeline/rows.ts'
import { Face, Name } from './name.tsx'
import { Time } from './times.tsx'

/** A file, as something that somebody said. */
export function FileRow({ room, entry }: { readonly room: Room; readonly entry: FileEntry }) {
  const say = useSay()
  const { by, at, file } = entry
  const me = room.place.member.value.id
  return (
    <div class="talk headed">
      <div class="gutter">
        <Face {...by} />
      </div>
      <div class="body">
        <div class="head">
          <button type="button" class="who" onClick={() => room.show({ type: 'member', member: by })}>
            <Name {...by} />
          </button>
          {file.audience !== undefined && <span class="only">{only(file.audience, me, say)}</span>}
          <Time at={at} />
        </div>
        <FileCard room={room} entry={entry} />
      </div>
    </div>
  )
}

/** Who else may see it. */
function only({ to }: Audience, me: string, say: PageTranslator['say']): string {
  if (to === 'staff') return say('onlyTo', { name: say('staff') })
  return to.id === me ? say('toYou') : say('onlyTo', { name: to.name })
}
