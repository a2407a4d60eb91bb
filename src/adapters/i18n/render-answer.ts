import { forTerminal } from '#domain/names/text.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { Audience, Member } from '#domain/room/events.ts'
import type { submissionsOf } from '#domain/room/hand-ins.ts'
import type { AccessAnswer, Invitation } from '#domain/room/room-access.ts'
import { type RoomRules, RULE_OF, SECONDS_SET, SWITCH_SET } from '#domain/room/rules.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { linkTo, minuteText, sizeText } from './format.ts'
import { audienceText, fileLine, type LinkOf } from './render-event.ts'
import { mostMembersText, rulesText, secondsRuleText, switchText } from './render-rule.ts'
import type { Translator } from './translator.ts'

// Answers to commands on the line protocol and at pipes. `words` must escape its arguments; no text has a sentinel in front.

/** Tells that a command was carried out; undefined where the room tells it to everybody. */
export function doneText(command: ClientCommand, words: Translator): string | undefined {
  const { say } = words
  if ('seconds' in command) return secondsRuleText(RULE_OF[SECONDS_SET[command.type]], command.seconds, words)
  if ('on' in command) return switchText(RULE_OF[SWITCH_SET[command.type]], command.on, words)
  switch (command.type) {
    case 'mute':
    case 'unmute':
    case 'ban':
    case 'unban':
    case 'op':
    case 'deop':
    case 'voice':
    case 'unvoice':
      return say(`${command.type}Done`, { name: command.name })
    case 'setMostMembers':
      return mostMembersText(command.most, words)
    case 'lock':
    case 'unlock':
    case 'away':
    case 'back':
      return say(`${command.type}Done`)
    case 'removeMessage':
    case 'removeFile':
    case 'clear':
      return say('removeDone')
    case 'startCollection':
      return say('collecting')
    case 'endCollection':
      return say('collectionDone')
    default:
      return undefined
  }
}

/** The rules that hold in a room, but for its topic. */
export const ruleTexts = (rules: RoomRules, words: Translator): readonly string[] => [
  ...(rules.collectingSince === undefined ? [] : [words.say('collecting')]),
  ...rulesText(rules, words),
]

/** A member in a list: `ani (moderator, away: lunch)`. */
export function memberText({ name, role, voice, away }: Member, { say }: Translator): string {
  const notes = [
    ...(role === undefined ? [] : [say(role === 'op' ? 'moderator' : role)]),
    ...(voice === undefined ? [] : [say('voice')]),
    ...(away === undefined ? [] : [away === '' ? say('awayNow') : say('awayBecause', { why: away })]),
  ]
  return notes.length === 0 ? forTerminal(name) : `${forTerminal(name)} (${notes.join(', ')})`
}

/** A file that is on its way to the room, and how much of it had come when that was last told. */
export function sendingText(
  { file, by, arrived = 0 }: RoomFile & { readonly status: 'offered' },
  words: Translator,
): string {
  const share =
    file.size === undefined
      ? sizeText(arrived, words.language)
      : `${Math.floor((arrived / Math.max(1, file.size)) * 100)} %`
  return words.say('sendingShare', { name: by.name, file: file.name, for: audienceText(file.audience, words), share })
}

/** Where a file is now, as its sender is told. */
export function sentText(
  { name, size, sha256, audience }: { name: string; size: number; sha256: string; audience?: Audience },
  { say, language }: Translator,
): string {
  const gaps = { file: name, size: sizeText(size, language), digest: sha256 }
  if (audience === undefined) return say('sent', gaps)
  return say('sentTo', { ...gaps, to: audience.to === 'staff' ? say('staff') : audience.to.name })
}

/** The files that were collected, and the members that have sent none, as lines. */
export function submissionLines(
  { files, missing }: ReturnType<typeof submissionsOf>,
  words: Translator,
  linkOf?: LinkOf,
): readonly string[] {
  const { say } = words
  const rows = files.map((each) =>
    each.status === 'whole'
      ? fileLine(each.by.name, each.file, words, linkOf)
      : `* ${say('onItsWay', { file: each.file.name, name: each.by.name })}`,
  )
  const names = missing.map(({ name }) => forTerminal(name)).join(', ')
  return [
    `* ${say('collected', { count: files.length })}`,
    ...rows,
    ...(missing.length === 0 ? [] : [`* ${say('nothingFrom', { names })}`]),
  ]
}

/** The outcome of a request about a room's password and invitations. `base`: the host's address for browsers. */
export function accessTexts(
  answer: Exclude<AccessAnswer<never>, { readonly type: 'refused' }>,
  words: Translator,
  base?: string,
): readonly string[] {
  const { say } = words
  switch (answer.type) {
    case 'passwordChanged':
      return [say(answer.isSet ? 'passwordHolds' : 'passwordOff')]
    case 'invited':
      return [invitationText(answer.invitation, words, base)]
    case 'invitations':
      if (answer.kept.length === 0) return [say('noInvitations')]
      return answer.kept.map(({ id, expiresAt, used }) =>
        say(used ? 'invitationUsed' : 'invitationUnused', { id, time: minuteText(expiresAt) }),
      )
    case 'revoked':
      return [say('invitationOff')]
    case 'dropLinkRevoked':
      return [say('dropLinkOff')]
    case 'dropLinks':
      if (answer.links.length === 0) return [say('noDropLinks')]
      return answer.links.map(({ id, path, expiresAt }) =>
        say('dropLink', { id, time: minuteText(expiresAt), link: base === undefined ? path : linkTo(base, path) }),
      )
    default:
      return answer satisfies never
  }
}

/** An invitation, and how its person comes in by it. */
function invitationText({ room, code, expiresAt }: Invitation, { say }: Translator, base?: string): string {
  const gaps = { time: minuteText(expiresAt), room, code }
  if (base === undefined) return say('invitationFor', gaps)
  return say('invitationForLink', { ...gaps, link: `${base}/#t=${code}&room=${encodeURIComponent(room)}` })
}
