import { forTerminal } from '#domain/names/text.ts'
import { type Audience, isRule, type MentionedFile, type RoomEvent, type WholeFile } from '#domain/room/events.ts'
import { fileSizeText, leftText, minuteText, shortId, sizeText, titleOf } from './format.ts'
import { type RuleEvent, ruleText } from './render-rule.ts'
import type { FullPageTranslator, PageTranslator, Translator } from './translator.ts'

/** Events with a sentence of their own: all but messages and passing states. */
export type ToldEvent = Exclude<
  RoomEvent,
  { readonly type: 'said' | 'acted' | 'whispered' | 'typing' | 'fileProgressed' | 'fileReceived' | 'fileServed' }
>

/** A sentence for it, the same on every screen. */
export const eventText = (event: ToldEvent, words: FullPageTranslator): string =>
  isRuleEvent(event)
    ? ruleText(event, words)
    : commonText(event, words) + (event.type === 'fileCompleted' ? goneText(event.file, words) : '')

const isRuleEvent = (event: ToldEvent): event is RuleEvent =>
  isRule(event) || event.type === 'passwordSet' || event.type === 'passwordRemoved'

/** The same of those whose sentences the page loads at once. */
export function commonText(event: Exclude<ToldEvent, RuleEvent>, words: PageTranslator): string {
  const { say, language } = words
  if (event.type === 'missed') return say('missed', { count: event.to - event.from + 1 })
  if (event.type === 'filesExpiring') return say('filesExpiring', { count: event.files })
  if (event.type === 'fileSpaceLow')
    return say('fileSpaceLow', { used: sizeText(event.used, language), quota: sizeText(event.quota, language) })
  const { name } = event.by
  switch (event.type) {
    case 'topicSet':
      return event.topic === '' ? say('topicCleared', { name }) : say('topicSet', { name, topic: event.topic })
    case 'joined':
      return say('joined', { name })
    case 'left':
      if (event.kickedBy !== undefined) return kickedText(name, event.kickedBy.name, event.reason, words)
      // In quotes: nobody's own words are to pass for the host's.
      if (event.message !== undefined) return say('leftWhy', { name, why: `“${event.message}”` })
      return event.reason === 'left' ? say('left', { name }) : say('leftWhy', { name, why: event.reason })
    case 'renamed':
      return say('renamed', { from: event.from, name })
    case 'fileOffered': {
      const { file } = event
      const gaps = { name, file: titleOf(file), for: audienceText(file.audience, words) }
      if (file.size === undefined) return say('sending', gaps)
      return say('sendingSized', { ...gaps, size: fileSizeText({ ...file, size: file.size }, words) })
    }
    case 'fileCompleted':
      return fileText(name, event.file, words)
    case 'fileWithdrawn':
      if (event.removedBy !== undefined)
        return say('fileRemoved', { file: titleOf(event.file), name: event.removedBy.name })
      return say('fileGone', { file: titleOf(event.file), name, why: event.reason })
    case 'messageRemoved':
    case 'erased':
    case 'cleared':
      return say(event.type, { name })
    case 'away':
      return event.reason === '' ? say('away', { name }) : say('awayWhy', { name, why: event.reason })
    case 'back':
      return say('backAgain', { name })
    default:
      return event satisfies never
  }
}

/** Somebody was removed from the room. The reason of a `left` says by whom as well, for those who see nothing else of it. */
export function kickedText(name: string, by: string, reason: string, { say }: PageTranslator): string {
  const why = /^kicked by [^:]*: (.+)$/s.exec(reason)?.[1] ?? (reason.startsWith('kicked by ') ? '' : reason)
  return why === '' ? say('kicked', { name, by }) : say('kickedWhy', { name, by, why })
}

/** Why somebody is in the room no more: the host's reason says by whom they were removed. */
export function endedText(
  name: string,
  { why, code }: { readonly why: string; readonly code?: string },
  words: PageTranslator,
): string {
  const by = /^kicked by ([^:]+)/.exec(why)?.[1]
  if (by !== undefined) return kickedText(name, by, why, words)
  return code === undefined ? forTerminal(why) : words.refusal({ code, message: why })
}

/** Name, size and digest of a file, and its id for `/get`. */
function fileText(by: string, file: WholeFile, words: PageTranslator): string {
  const size = fileSizeText(file, words)
  const gaps = { id: shortId(file.id), file: titleOf(file), name: by, for: audienceText(file.audience, words) }
  return words.say('fileHere', { ...gaps, size, digest: file.sha256 })
}

/** For whom a file is, where it is not for everybody: with a blank before it. */
export function audienceText(audience: Audience | undefined, { say }: PageTranslator): string {
  if (audience === undefined) return ''
  return audience.to === 'staff' ? say('forStaff') : say('forOne', { to: audience.to.name })
}

/** When a file goes by itself, where it does, with a comma before it: as a moment, or how long that is from `now`. A line that stays needs the moment. */
export function goneText({ expiresAt }: MentionedFile, { say, language }: FullPageTranslator, now?: number): string {
  if (expiresAt === undefined) return ''
  if (now === undefined) return `, ${say('goneAt', { time: minuteText(expiresAt) })}`
  return `, ${say('goneIn', { time: leftText(expiresAt - now, language) })}`
}

/** The address of a file for one reader. */
export type LinkOf = (file: Pick<WholeFile, 'id' | 'name' | 'folder'>) => string

/** A file that does not come inline, as a line without its end; with `linkOf` it ends in a link. */
export function fileLine(by: string, file: WholeFile, words: Translator, linkOf?: LinkOf): string {
  // A plain link shows nothing of its reader, so a file that is not for everybody has none: `/get` brings it.
  const link = linkOf === undefined || file.audience !== undefined ? '' : ` ${linkOf(file)}`
  return `* ${fileText(by, file, words)}${goneText(file, words)}${link}`
}

/** Of a message of more lines the rest stands in the last one: each of them costs its readers a name. */
const MOST_LINES = 64

/**
 * One event as a line of the line protocol and of pipes, with its end, or nothing. A message of several lines is as many, each with the name
 * before it: the first column is never a person's text (C62), and no line can pass for another person's. `words` must escape its arguments.
 */
export function eventLine(event: RoomEvent, words: Translator): string {
  const { say } = words
  switch (event.type) {
    case 'said':
      return spoken(`<${event.by.name}> `, event.text)
    case 'acted':
      return spoken(`* ${forTerminal(event.by.name)} `, event.text)
    case 'whispered':
      return spoken(`* ${say('whispers', { name: event.by.name, text: '' })}`, event.text)
    // For files that are for everybody there would be too many.
    case 'fileReceived':
      if (event.file.audience === undefined) return ''
      return `* ${say('verified', { name: event.by.name, file: titleOf(event.file) })}\n`
    case 'fileServed':
      return ''
    // The reason says already that they were sent out, and by whom.
    case 'left': {
      const { kickedBy: _, ...left } = event
      return `* ${eventText(left, words)}\n`
    }
    // Nobody is told of a `shutOut`. A line can't be taken back, and these hold for a moment; a file comes inline, or as its `fileLine`.
    case 'shutOut':
    case 'typing':
    case 'fileProgressed':
    case 'fileCompleted':
      return ''
    default:
      return `* ${eventText(event, words)}\n`
  }
}

/** An entry as it is read again later: also a file is a line. */
export const pastLine = (event: RoomEvent, words: Translator, linkOf?: LinkOf): string =>
  event.type === 'fileCompleted'
    ? fileLine(event.by.name, event.file, words, linkOf)
    : eventLine(event, words).trimEnd()

function spoken(by: string, text: string): string {
  if (!text.includes('\n')) return `${by}${forTerminal(text)}\n`
  const lines = text.split('\n')
  const rest = lines.splice(MOST_LINES - 1).join('\n')
  return `${[...lines, ...(rest === '' ? [] : [rest])].map((line) => `${by}${forTerminal(line)}`).join('\n')}\n`
}
