import type { Room } from '../state/room.ts'
import { MoreDialog } from './load-more.tsx'

/** The current dialog in front of the room. */
export function Dialogs({ room }: { readonly room: Room }) {
  const dialog = room.dialog.value
  const closed = () => {
    // Another one may have taken its place.
    if (room.dialog.peek() === dialog) room.show(undefined)
  }
  const parts = { room, closed }
  switch (dialog?.type) {
    case undefined:
      return null
    case 'settings':
      return <MoreDialog key="settings">{({ SettingsDialog }) => <SettingsDialog {...parts} />}</MoreDialog>
    case 'manage':
      return <MoreDialog key="manage">{({ ManageRoom }) => <ManageRoom {...parts} />}</MoreDialog>
    case 'share':
      return <MoreDialog key="share">{({ ShareSheet }) => <ShareSheet {...parts} />}</MoreDialog>
    case 'expiry':
      return <MoreDialog key="expiry">{({ ExpiryDialog }) => <ExpiryDialog {...parts} />}</MoreDialog>
    case 'rooms':
      return <MoreDialog key="rooms">{({ RoomSwitcher }) => <RoomSwitcher {...parts} />}</MoreDialog>
    case 'help':
      return <MoreDialog key="help">{({ HelpDialog }) => <HelpDialog closed={closed} />}</MoreDialog>
    case 'remove': {
      const { command, name } = dialog
      return (
        <MoreDialog key="remove">
          {({ RemoveDialog }) => <RemoveDialog {...parts} command={command} name={name} />}
        </MoreDialog>
      )
    }
    case 'search': {
      const { query } = dialog
      return <MoreDialog key="search">{({ SearchDialog }) => <SearchDialog {...parts} query={query} />}</MoreDialog>
    }
    case 'receivers': {
      const { file } = dialog
      return (
        <MoreDialog key="receivers">{({ ReceiversDialog }) => <ReceiversDialog {...parts} id={file} />}</MoreDialog>
      )
    }
    case 'fileLink': {
      const { file } = dialog
      return <MoreDialog key="fileLink">{({ FileLinkDialog }) => <FileLinkDialog {...parts} id={file} />}</MoreDialog>
    }
    default:
      return dialog satisfies never
  }
}
