import { forTerminal } from '#domain/names/text.ts'
import type { Audience, Member, WholeFile } from '#domain/room/events.ts'
import type { RoomFile } from '#domain/room/state.ts'
import type { Submissions } from '#domain/room/visibility.ts'
import { sizeText } from '#i18n/size.ts'

export { sizeText }

const POWER: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 }

/** What a person means by `500k`, `5M` or `1.5 GB`, in bytes, decimal; undefined where it is no size. */
export function bytesOf(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmgt]?)b?$/i.exec(text.trim()) ?? []
  if (amount === undefined) return undefined
  const bytes = Math.round(Number(amount) * (POWER[unit.toLowerCase()] ?? 1))
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Somebody in a list of who is here. */
export function memberText({ name, role, away }: Member): string {
  const notes = [role, away === undefined ? undefined : away === '' ? 'away' : `away: ${forTerminal(away)}`]
  const told = notes.filter((note) => note !== undefined).join(', ')
  return told === '' ? forTerminal(name) : `${forTerminal(name)} (${told})`
}

/** What is on its way to the room, and how much of it had come when that was last told. */
export function sendingText({ file, by, arrived = 0 }: RoomFile & { readonly status: 'offered' }): string {
  const share =
    file.size === undefined ? sizeText(arrived) : `${Math.floor((arrived / Math.max(1, file.size)) * 100)} %`
  return `${forTerminal(by.name)} is sending ${forTerminal(file.name)}${forText(file.audience)}: ${share}`
}

const STAFF = 'those who look after the room'

/** What members are told of a room that collects. */
export const COLLECTING = `this room collects: what members send is seen only by them and by ${STAFF}`

/** For whom a file is, where it is not for everybody: with a blank before it. */
export function forText(audience: Audience | undefined): string {
  if (audience === undefined) return ''
  return audience.to === 'staff' ? ` to ${STAFF}` : ` to ${forTerminal(audience.to.name)} only`
}

/** Where a file is now, as its sender is told. */
export function placeText(audience: Audience | undefined): string {
  if (audience === undefined) return 'in the room'
  return `with ${audience.to === 'staff' ? STAFF : forTerminal(audience.to.name)}`
}

/** What has been collected, and of whom nothing has come, as lines. */
export function submissionLines({ files, missing }: Submissions, linkOf?: LinkOf): readonly string[] {
  const rows = files.map((each) =>
    each.status === 'whole' ? fileLine(each.by.name, each.file, linkOf) : `* on its way: ${nameAndSender(each)}`,
  )
  const names = missing.map(({ name }) => forTerminal(name)).join(', ')
  return [
    `* collected ${files.length} ${files.length === 1 ? 'file' : 'files'}`,
    ...rows,
    ...(missing.length === 0 ? [] : [`* nothing yet from ${names}`]),
  ]
}

const nameAndSender = ({ file, by }: RoomFile): string => `${forTerminal(file.name)} from ${forTerminal(by.name)}`

/** Where somebody finds a file, as a whole address. */
export type LinkOf = (file: Pick<WholeFile, 'id' | 'name'>) => string

/** How a file is named to `/get`: as much of its id as a person can type. */
export const shortId = (id: string): string => id.slice(0, 8)

/**
 * Tells of a file that does not come in band: name, size, digest, and how to get it here; with `linkOf` the line ends in a link.
 */
export function fileLine(by: string, file: WholeFile, linkOf?: LinkOf): string {
  // A plain link shows nothing of who follows it, so what is not for everybody is had in band.
  const link = linkOf === undefined || file.audience !== undefined ? '' : ` ${linkOf(file)}`
  const from = `${forTerminal(file.name)} from ${forTerminal(by)}${forText(file.audience)}`
  return `* file [${shortId(file.id)}] ${from}: ${sizeText(file.size)}, sha256 ${file.sha256}${link}`
}

/**
 * The seed's client takes any text that contains SEND for the beginning of a file (design section 4), so whoever may be
 * one gets the word with a zero-width space inside.
 */
export const guardSend = (line: string): string =>
  line.includes('SEND') ? line.replaceAll('SEND', 'S\u200bEND') : line
