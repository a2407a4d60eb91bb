import { isPathLine, wordLine } from '#domain/names/text.ts'
import { COMMANDS, commandNamed, commandsAt, type FrontEnd, type ParseContext, type ParsedCommand } from './commands.ts'

/** A whole line as it was typed, understood. */
export type ParsedLine = ParsedCommand | { readonly type: 'nothing' } | { readonly type: 'say'; readonly text: string }

/** Parses a word and the text after it. */
export function parseCommand(word: string, rest: string, context: ParseContext): ParsedCommand {
  const found = commandNamed(word, context.at)
  if (found !== undefined) return found.parse(rest, context) ?? { type: 'wrong', usage: found.usage }
  const type = COMMANDS.some((row) => row.word === word) ? 'elsewhere' : 'unknown'
  return { type, word, near: nearest(word, context.at) }
}

/** Understands a line that somebody typed; an unknown word is never said as text. */
export function parseLine(typed: string, context: ParseContext): ParsedLine {
  const line = wordLine(typed)
  if (line.trim() === '') return { type: 'nothing' }
  const [, path] = /^SEND +(.+)$/.exec(line) ?? []
  if (path !== undefined) return { type: 'send', file: path.trim() }
  if (!line.startsWith('/') || isPathLine(line)) return { type: 'say', text: line }
  if (line.startsWith('//')) return { type: 'say', text: line.slice(1) }
  const [, word = '', rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? []
  return parseCommand(word, rest.trimEnd(), context)
}

/**
 * The command that somebody is likely to have meant: one of both words begins the other, or one letter is missing, too many, another or in the
 * wrong place. On the line protocol, where programs type too, only by its beginning.
 */
function nearest(typed: string, at: FrontEnd): string | undefined {
  if (typed === '') return undefined
  const words = commandsAt(at).map(({ word }): string => word)
  const begun = words.find((word) => word.startsWith(typed) || typed.startsWith(word))
  return begun ?? (at === 'line' || typed.length < 2 ? undefined : words.find((word) => isOneOff(typed, word)))
}

function isOneOff(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  if (long.length - short.length > 1) return false
  let at = 0
  while (at < short.length && short[at] === long[at]) at++
  if (short.length !== long.length) return short.slice(at) === long.slice(at + 1)
  if (short.slice(at + 1) === long.slice(at + 1)) return true
  return short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2)
}
