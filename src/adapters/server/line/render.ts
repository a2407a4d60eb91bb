import type { LocalSession } from '#domain/engine/session.ts'
import type { Batch, Encoder } from '#domain/room/batch.ts'
import type { RoomEvent, WholeFile } from '#domain/room/events.ts'
import { shortId } from '#i18n/format.ts'
import { ruleTexts, sentText } from '#i18n/render-answer.ts'
import { eventLine, fileLine, type LinkOf } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import { type Lines, toLines } from '../connection/batch-lines.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { SignedLinkHolder, SignedLinks } from '../security/signed-links.ts'

/** Joins, leaves or new names in one batch beyond this are told in one line: a thousand arrivals are not a thousand lines to each. */
const PRESENCE_LINES = 8

/** More ways to reach one host than this are not remembered; those beyond share their lines with nobody. */
const KEPT = 64

/** How files are told to a reader: the address of a link, and whole batches of lines. */
export interface Links {
  /** In a room; undefined for a reader that came over a connection without an address. */
  readonly linkOf: (room: string) => LinkOf | undefined
  readonly encoder: Encoder<Lines>
  /** The same for readers that may be the seed's client: see `guardSend`. */
  readonly guarded: Encoder<Lines>
}

/**
 * Batches as lines, in the language of one server: encoded once for all readers of files as bytes, and once for all readers of links that reached
 * the host at the same address by the same credentials.
 */
export class LineRenderer {
  readonly words: Translator
  /** Lines for readers of files as bytes: the file itself stands for its line. */
  readonly inline: Encoder<Lines> = (batch) => inlineLines(batch, this.words)
  readonly #signedLinks: SignedLinks
  readonly #accessControl: Pick<AccessControl, 'linked'>
  readonly #known = new Map<string, Links>()

  constructor(words: Translator, signedLinks: SignedLinks, accessControl: Pick<AccessControl, 'linked'>) {
    this.words = words
    this.#signedLinks = signedLinks
    this.#accessControl = accessControl
  }

  /** `base` as in `http://192.168.1.5:8268`. A link shows nothing by itself: where something must be shown, it is signed. */
  links(base: string | undefined, holder: SignedLinkHolder | undefined): Links {
    const key = JSON.stringify([base, holder])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const linkOf = (room: string) => (base === undefined ? undefined : this.#linkOf(base, holder, room))
    const links: Links = {
      linkOf,
      encoder: (batch) => linkLines(batch, this.words, linkOf(batch.room)),
      guarded: (batch) => guarded((render) => linkLines(batch, this.words, linkOf(batch.room), render)),
    }
    if (this.#known.size < KEPT) this.#known.set(key, links)
    return links
  }

  #linkOf(base: string, known: SignedLinkHolder | undefined, room: string): LinkOf {
    const holder = this.#accessControl.linked(known, room)
    return (file) => base + this.#signedLinks.pathOf(file, '', holder)
  }

  /** The address of a file that is not for everybody, signed for one member. */
  ownLink(base: string, known: SignedLinkHolder | undefined, { room, member }: LocalSession, file: LinkedFile): string {
    return base + this.#signedLinks.pathOf(file, '', this.#accessControl.linked(known, room), member)
  }
}

type LinkedFile = Parameters<LinkOf>[0]

/** The first lines for a member who has joined a room. */
export function greetingText(session: LocalSession, words: Translator): string {
  const { last, member, members, room, rules } = session
  const { say } = words
  // Who has not spoken yet is in no list, and is here all the same.
  const isListed = members.some(({ id }) => id === member.id)
  const gaps = { name: member.name, room, count: members.length + (isListed ? 0 : 1) }
  return [
    `* ${last === 0 ? say('greeting', gaps) : say('greetingSoFar', { ...gaps, last: String(last) })}`,
    ...(rules.topic === '' ? [] : [`* ${say('topicIs', { topic: rules.topic })}`]),
    ...ruleTexts(rules, words).map((text) => `* ${text}`),
  ].join('\n')
}

/** The answer to the sender of a file that has come whole. */
export const receivedText = (file: WholeFile, words: Translator): string =>
  `* [${shortId(file.id)}] ${sentText(file, words)}`

/**
 * The seed's client takes any text that contains SEND for the beginning of a file (design section 4), so every reader of files as bytes gets the
 * word with a zero-width space inside.
 */
export const guardSend = (line: string): string =>
  line.includes('SEND') ? line.replaceAll('SEND', 'S\u200bEND') : line

const SEND = Buffer.from('SEND')

export const inlineLines = (batch: Batch, words: Translator): Lines =>
  guarded((shown) =>
    toLines(
      batch,
      foldedOr(batch, words, (event) => shown(eventLine(event, words))),
    ),
  )

export function linkLines(batch: Batch, words: Translator, linkOf?: LinkOf, shown: Shown = asIs): Lines {
  const render = (event: RoomEvent) =>
    event.type === 'fileCompleted' ? `${fileLine(event.by.name, event.file, words, linkOf)}\n` : eventLine(event, words)
  return toLines(
    batch,
    foldedOr(batch, words, (event) => shown(render(event))),
  )
}

function foldedOr(batch: Batch, words: Translator, render: (event: RoomEvent) => string): (event: RoomEvent) => string {
  const folded = foldPresence(batch.events, words)
  return folded === undefined ? render : (event) => folded.get(event) ?? render(event)
}

type Shown = (line: string) => string
const asIs: Shown = (line) => line

/** Lines with each SEND broken. It is looked for in all of them at once: it is hardly ever there. */
function guarded(linesOf: (shown: Shown) => Lines): Lines {
  const lines = linesOf(asIs)
  return lines.bytes.includes(SEND) ? linesOf(guardSend) : lines
}

const FOLDED = { joined: 'peopleJoined', left: 'peopleLeft', renamed: 'peopleRenamed' } as const

/** The lines of many joins, leaves or new names: the first carries them all, the others are empty. */
function foldPresence(events: readonly RoomEvent[], { say }: Translator): Map<RoomEvent, string> | undefined {
  if (events.length <= PRESENCE_LINES) return undefined
  let folded: Map<RoomEvent, string> | undefined
  for (const type of ['joined', 'left', 'renamed'] as const) {
    const alike = events.filter((event) => event.type === type)
    if (alike.length <= PRESENCE_LINES) continue
    folded ??= new Map()
    alike.forEach((event, index) => {
      folded?.set(event, index === 0 ? `* ${say(FOLDED[type], { count: alike.length })}\n` : '')
    })
  }
  return folded
}
