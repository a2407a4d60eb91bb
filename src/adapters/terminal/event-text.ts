import type { Member, MentionedFile, RoomEvent } from '#domain/room/events.ts'
import type { Translator } from '#i18n/i18n.ts'
import { sizeText } from '#i18n/size.ts'

/** How much of an id a person has to read. */
export const shortId = (id: string): string => id.slice(0, 8)

/** Everything that is told about a room, but for what people say themselves and for what holds only for a moment. */
export type Told = Exclude<
  RoomEvent,
  { readonly type: 'said' | 'acted' | 'whispered' | 'typing' | 'fileProgressed' | 'fileReceived' }
>

/** A sentence for it, the same on every screen. */
export function eventText(event: Told, words: Translator): string {
  const { say, language } = words
  if (event.type === 'missed') return say('missed', { count: event.to - event.from + 1 })
  const { name } = event.by
  switch (event.type) {
    case 'topicSet':
      return say('topicSet', { name, topic: event.topic })
    case 'joined':
      return say('joined', { name })
    case 'left':
      if (event.kickedBy !== undefined) return say('kicked', { name, by: event.kickedBy.name, why: event.reason })
      return event.reason === 'left' ? say('left', { name }) : say('leftWhy', { name, why: event.reason })
    case 'renamed':
      return say('renamed', { from: event.from, name })
    case 'fileOffered': {
      const { file } = event
      const gaps = { name: senderWords(event.by, file, words), file: file.name }
      if (file.size === undefined) return say('sending', gaps)
      return say('sendingSized', { ...gaps, size: sizeText(file.size, language) })
    }
    case 'fileCompleted': {
      const { file } = event
      const size = sizeText(file.size, language)
      const gaps = { id: shortId(file.id), file: file.name, name: senderWords(event.by, file, words) }
      return say('fileHere', { ...gaps, size, digest: file.sha256 })
    }
    case 'fileWithdrawn':
      return say('fileGone', { file: event.file.name, name, why: event.reason })
    case 'opped':
      return say('opped', { name, to: event.to.name })
    case 'deopped':
    case 'unmuted':
    case 'unbanned':
      return say(event.type, { name, to: event.name })
    case 'muted':
    case 'banned': {
      const { type, name: to, reason: why } = event
      return why === undefined ? say(type, { name, to }) : say(`${type}Why`, { name, to, why })
    }
    case 'locked':
    case 'unlocked':
    case 'collectionStarted':
    case 'collectionEnded':
    case 'passwordSet':
    case 'passwordRemoved':
      return say(event.type, { name })
    case 'away':
      return event.reason === '' ? say('away', { name }) : say('awayWhy', { name, why: event.reason })
    case 'back':
      return say('backAgain', { name })
    // Nobody is told of it.
    case 'shutOut':
      return ''
    default:
      return event satisfies never
  }
}

/** Who sends a file, and to whom where that is not everybody. */
export function senderWords({ name }: Member, { audience }: MentionedFile, { say }: Translator): string {
  if (audience === undefined) return name
  return say('fromTo', { name, to: audience.to === 'staff' ? say('staff') : audience.to.name })
}

/** Whether a text names somebody, as a word of its own. */
export function names(text: string, nick: string): boolean {
  const [lower, wanted] = [text.toLowerCase(), nick.toLowerCase()]
  if (wanted === '') return false
  const isLetter = (sign: string | undefined) => sign !== undefined && /[\p{L}\p{N}_]/u.test(sign)
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + 1))
    if (!isLetter(lower[at - 1]) && !isLetter(lower[at + wanted.length])) return true
  return false
}
