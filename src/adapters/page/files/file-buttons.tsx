import type { Room } from '../place/room.ts'

/** How files are chosen, beside the message field. */
export function FileButtons(_: { readonly room: Room }) {
  return null
}
