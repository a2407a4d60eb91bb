import { forTerminal } from '../../../domain/text/terminal.ts'
import { sizeText } from '../../words/size.ts'
import { usePage } from '../place/context.ts'
import type { Room } from '../place/room.ts'
import type { FileEntry } from '../timeline/rows.ts'

/** A file where it stands in the timeline; `entry` is the last thing that happened to it. */
export function FileCard({ entry }: { readonly room: Room; readonly entry: FileEntry }) {
  const { words } = usePage()
  const { file } = entry
  const size = file.size === undefined ? '' : sizeText(file.size, words.value.language)
  if (entry.type === 'fileWithdrawn')
    return <span>{words.value.say('fileGone', { file: file.name, name: entry.by.name, why: entry.reason })}</span>
  return (
    <a href={`/files/${encodeURIComponent(file.id)}/${encodeURIComponent(file.name)}`} download={file.name}>
      {forTerminal(file.name)} {size}
    </a>
  )
}
