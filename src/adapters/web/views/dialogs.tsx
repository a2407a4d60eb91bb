import type { Member } from '#domain/room/events.ts'
import { useSay } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Dialog } from './dialog.tsx'
import { More } from './load-more.tsx'
import { Sidebar } from './sidebar.tsx'

/** The current dialog in front of the room. */
export function Dialogs({ room }: { readonly room: Room }) {
  const say = useSay()
  const dialog = room.dialog.value
  const closed = () => {
    // Another one may have taken its place.
    if (room.dialog.peek() === dialog) room.show(undefined)
  }
  switch (dialog?.type) {
    case undefined:
      return null
    case 'menu':
      return (
        <Dialog key="menu" title={say('menu')} variant="drawer" closed={closed}>
          <Sidebar room={room} />
        </Dialog>
      )
    case 'settings':
      return <More key="settings">{({ SettingsDialog }) => <SettingsDialog room={room} closed={closed} />}</More>
    case 'care':
      return <More key="care">{({ ModerationDialog }) => <ModerationDialog room={room} closed={closed} />}</More>
    case 'expiry':
      return <More key="expiry">{({ ExpiryDialog }) => <ExpiryDialog room={room} closed={closed} />}</More>
    case 'remove': {
      const { command, name } = dialog
      return (
        <More key="remove">
          {({ RemoveDialog }) => <RemoveDialog room={room} command={command} name={name} closed={closed} />}
        </More>
      )
    }
    case 'help':
      return <More key="help">{({ HelpDialog }) => <HelpDialog closed={closed} />}</More>
    case 'topic':
      return <More key="topic">{({ TopicDialog }) => <TopicDialog room={room} closed={closed} />}</More>
    case 'search':
      return (
        <More key="search">
          {({ SearchDialog }) => <SearchDialog room={room} query={dialog.query} closed={closed} />}
        </More>
      )
    case 'member': {
      const member = now(room, dialog.member)
      return (
        <More key="member">{({ MemberDialog }) => <MemberDialog room={room} member={member} closed={closed} />}</More>
      )
    }
    default:
      return dialog satisfies never
  }
}

/** As the member is at this moment, where they are still here. */
const now = (room: Room, member: Member): Member =>
  room.store.members.value.find(({ id }) => id === member.id) ?? member
