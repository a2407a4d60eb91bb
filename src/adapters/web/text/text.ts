import { codeSpans } from '#protocol/code-text.ts'

/** A piece of a message: its text, its target if it is a link, and whether it is code, with its signs. */
export interface Piece {
  /** Where in the text. */
  readonly at: number
  readonly text: string
  readonly href?: string
  readonly isCode?: true
}

/** Where links and code spans in a text are: nothing in a code span is a link. */
export const piecesOf = (text: string): readonly Piece[] =>
  codeSpans(text).flatMap((span): readonly Piece[] =>
    span.isCode ? [{ at: span.at, text: span.text, isCode: true }] : linksIn(span.text, span.at),
  )

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi
/** Ends a sentence, not an address; a bracket only where it was opened before the address. */
const TRAILING = /[.,:;!?…*_~]+$/

/** Where the links in a text are. Only http and https lead anywhere (C96); all the rest is text. */
function linksIn(text: string, from: number): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  for (const found of text.matchAll(ADDRESS)) {
    const written = withoutEnd(found[0])
    const href = hrefOf(written)
    if (href === undefined) continue
    if (found.index > at) pieces.push({ at: from + at, text: text.slice(at, found.index) })
    pieces.push({ at: from + found.index, text: written, href })
    at = found.index + written.length
  }
  if (at < text.length || pieces.length === 0) pieces.push({ at: from + at, text: text.slice(at) })
  return pieces
}

function withoutEnd(written: string): string {
  const shorter = written.replace(TRAILING, '')
  for (const [open, close] of ['()', '[]', '{}'] as const)
    if (shorter.endsWith(close as string) && count(shorter, close as string) > count(shorter, open as string))
      return withoutEnd(shorter.slice(0, -1))
  return shorter
}

const count = (text: string, sign: string): number => text.split(sign).length - 1

function hrefOf(written: string): string | undefined {
  if (!URL.canParse(written)) return undefined
  const { protocol, href } = new URL(written)
  return protocol === 'http:' || protocol === 'https:' ? href : undefined
}

/** The word before the cursor that is being typed: a command at the beginning of the text, or the name of somebody; undefined where neither is meant. */
export function begunIn(
  text: string,
  cursor: number,
): { readonly type: 'command' | 'person'; readonly text: string } | undefined {
  const before = text.slice(0, cursor)
  const word = /^\/([a-z-]*)$/.exec(before)?.[1]
  if (word !== undefined) return { type: 'command', text: word }
  const name = /(?:^|\s)@([^\s@]*)$/u.exec(before)?.[1]
  return name === undefined ? undefined : { type: 'person', text: name }
}

/** A name that is begun before the cursor with `@`, or as the first word behind a slash word, is completed. Undefined where none is meant. */
export function completed(
  text: string,
  cursor: number,
  names: readonly string[],
): { readonly text: string; readonly cursor: number } | undefined {
  const before = text.slice(0, cursor)
  const begun = /(?:^|\s)@([^\s@]+)$/u.exec(before)?.[1] ?? /^\/[a-z]+ ([^\s]+)$/u.exec(before)?.[1]
  if (begun === undefined) return undefined
  const lower = begun.toLowerCase()
  const name = names.find((each) => each.toLowerCase().startsWith(lower) && each.toLowerCase() !== lower)
  if (name === undefined) return undefined
  const done = `${before.slice(0, -begun.length)}${name} `
  return { text: done + text.slice(cursor), cursor: done.length }
}
