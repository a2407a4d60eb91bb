import type { Rejected } from '#domain/errors.ts'
import type { Ack, Mail, RoomCommand } from '#domain/room/commands.ts'
import type { Member } from '#domain/room/events.ts'

export interface WatchedMail extends Mail {
  readonly acks: Ack[]
  readonly refusals: Rejected[]
}

/** Mail that keeps what it was told. */
export function mailOf(by: Member, ...commands: readonly RoomCommand[]): WatchedMail {
  const acks: Ack[] = []
  const refusals: Rejected[] = []
  return {
    by,
    commands,
    acks,
    refusals,
    refused: (why) => refusals.push(why),
    committed: (ack) => acks.push(ack),
  }
}

export const say = (text: string, id?: string): RoomCommand =>
  id === undefined ? { type: 'say', text } : { type: 'say', text, id }

export const saying = (by: Member, ...texts: readonly string[]): WatchedMail =>
  mailOf(by, ...texts.map((text) => say(text)))
