import { forTerminal } from '../../../domain/text/terminal.ts'
import { useSay } from '../place/context.ts'
import type { Room } from '../place/room.ts'

/** Over the whole window while files are dragged in. It says which room they would go to. */
export function DropOverlay({ room }: { readonly room: Room }) {
  const say = useSay()
  return (
    <div class="drop-overlay">
      <p>{say('dropHere', { room: forTerminal(room.name) })}</p>
    </div>
  )
}
