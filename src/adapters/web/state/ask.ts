import type { ClientCommand } from '#domain/room/commands.ts'
import type { Page } from './page.ts'
import type { Room } from './room.ts'

/** Asks the room for something whose outcome everybody sees; only a refusal is told. */
export function ask(page: Page, room: Room, command: ClientCommand): void {
  void room.store.send(command).then((answer) => {
    if (answer.type === 'rejected') room.notices.add(page.words.value.refusal(answer), 'wrong')
  })
}
