import { FileCard } from '../files/file-card.tsx'
import type { Room } from '../place/room.ts'
import type { FileEntry } from '../timeline/rows.ts'
import { Face, Name } from './name.tsx'
import { Time } from './times.tsx'

/** A file, as something that somebody said. */
export function FileRow({ room, entry }: { readonly room: Room; readonly entry: FileEntry }) {
  const { by, at } = entry
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
          <Time at={at} />
        </div>
        <FileCard room={room} entry={entry} />
      </div>
    </div>
  )
}
