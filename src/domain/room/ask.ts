import { type Rejected, rejected } from '../errors.ts'
import type { RoomActor } from './actor.ts'
import type { Ack, ClientCommand, Mail, RoomCommand } from './commands.ts'
import type { Member } from './member.ts'

/** What a member asks of a room: refused when too much waits already. */
export function ask(room: RoomActor, by: Member, command: ClientCommand): Promise<Ack | Rejected> {
  return new Promise((resolve) => {
    if (room.post(mail(by, command, resolve)) === 'full') resolve(busy)
  })
}

/** What the engine itself has to say to a room: always taken. */
export function tell(room: RoomActor, by: Member, command: RoomCommand): Promise<Ack | Rejected> {
  return new Promise((resolve) => room.tell(mail(by, command, resolve)))
}

const mail = (by: Member, command: RoomCommand, answer: (answer: Ack | Rejected) => void): Mail => ({
  by,
  commands: [command],
  refused: answer,
  committed: answer,
})

const busy = rejected('BUSY', 'too much waits to be kept; try again in a moment')
