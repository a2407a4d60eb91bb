import type { Room } from '../place/room.ts'

/** What is on its way, above the message field; also the place where a drop anywhere on the page is heard. */
export function FileDesk(_: { readonly room: Room }) {
  return null
}
