import { useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'

/** Over the whole window while files are dragged in. It says which room they would go to, or which person. */
export function DropOverlay({ room }: { readonly room: Room }) {
  const say = useSay()
  const to = room.writing.to.value
  return (
    <div class="drop-overlay">
      <p>{to === undefined ? say('dropHere', { room: room.name }) : say('dropFor', { name: to })}</p>
    </div>
  )
}
