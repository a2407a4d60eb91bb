import type { ComponentChildren } from 'preact'
import type { Member } from '#domain/room/events.ts'
import type { Room } from '../state/room.ts'
import { More } from './load-more.tsx'
import { Menu } from './menu.tsx'

interface PersonMenuProps {
  readonly room: Room
  readonly member: Member
  readonly class: string
  readonly children: ComponentChildren
}

/** A person's name, which opens the actions on them. */
export const PersonMenu = ({ room, member, class: look, children }: PersonMenuProps) => (
  <Menu class={look} button={children}>
    {() => <More>{({ PersonActions }) => <PersonActions room={room} member={member} />}</More>}
  </Menu>
)
