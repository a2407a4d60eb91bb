import { MOST_LINES, MOST_TEXT_BYTES } from './multiline.ts'

/** The capabilities that a client may ask for (ircv3.net has their names), with their values. */
export const CAPABILITIES: ReadonlyMap<string, string> = new Map([
  ['account-notify', ''],
  ['account-tag', ''],
  ['away-notify', ''],
  ['batch', ''],
  ['cap-notify', ''],
  ['draft/chathistory', ''],
  ['draft/event-playback', ''],
  ['draft/multiline', `max-bytes=${MOST_TEXT_BYTES},max-lines=${MOST_LINES}`],
  ['echo-message', ''],
  ['extended-join', ''],
  ['invite-notify', ''],
  ['labeled-response', ''],
  ['message-tags', ''],
  ['multi-prefix', ''],
  ['sasl', 'PLAIN'],
  ['server-time', ''],
  ['setname', ''],
  ['standard-replies', ''],
  ['userhost-in-names', ''],
])

/** Those that change what a line looks like. Readers who have the same share their lines. */
export interface LineCapabilities {
  readonly time: boolean
  readonly tags: boolean
  readonly account: boolean
  readonly multiline: boolean
  readonly extendedJoin: boolean
  readonly away: boolean
}

export const lineCapabilities = (chosen: ReadonlySet<string>): LineCapabilities => ({
  time: chosen.has('server-time'),
  tags: chosen.has('message-tags'),
  account: chosen.has('account-tag'),
  multiline: chosen.has('draft/multiline') && chosen.has('batch'),
  extendedJoin: chosen.has('extended-join'),
  away: chosen.has('away-notify'),
})
