import { commandsAt } from '#protocol/commands.ts'
import type { Choices } from './line-editor.ts'

/** What Tab is asked to complete: what kind of thing, and which part of the line it is. */
export interface Gap {
  readonly kind: 'word' | 'nick' | 'path' | 'room' | 'file'
  readonly begun: string
  readonly from: number
  readonly to: number
}

/** Where completions come from. Paths are given as they would be typed, folders with a slash behind them. */
export interface Sources {
  nicks(): readonly string[]
  rooms(): Promise<readonly string[]>
  files(): Promise<readonly string[]>
  paths(begun: string): Promise<readonly string[]>
  /** Which rows of the command table hold here. */
  readonly at: 'terminal' | 'host'
}

const arguments_: Readonly<Record<string, Gap['kind']>> = {
  send: 'path',
  get: 'file',
  join: 'room',
}

export function gapAt(text: string, cursor: number): Gap {
  const before = text.slice(0, cursor)
  const [, word] = /^\/(\S*)$/.exec(before) ?? []
  if (word !== undefined) return { kind: 'word', begun: word, from: 1, to: cursor }
  const [head = '', addressed, verb = 'send'] = /^(?:(\/send +@\S+)|\/(\S+)|SEND) +/.exec(before) ?? []
  const begun = before.slice(head.length)
  const isNick = head === '' || (verb === 'send' && addressed === undefined && /^@\S*$/.test(begun))
  const kind = isNick ? 'nick' : (arguments_[verb] ?? 'nick')
  // Names of files and paths may have spaces in them.
  const from = kind === 'nick' ? before.search(/\S*$/) : head.length
  return { kind, begun: before.slice(from), from, to: cursor }
}

/** What the gap can be filled with, the most likely first; undefined where nothing fits. */
export async function choicesFor(gap: Gap, sources: Sources): Promise<Choices | undefined> {
  const texts = await textsFor(gap, sources)
  return texts.length === 0 ? undefined : { from: gap.from, to: gap.to, texts }
}

async function textsFor({ kind, begun, from }: Gap, sources: Sources): Promise<readonly string[]> {
  switch (kind) {
    case 'word':
      return beginning(
        commandsAt(sources.at).map(({ word }) => word),
        begun,
      ).map((word) => `${word} `)
    case 'nick': {
      const at = begun.startsWith('@') ? '@' : ''
      const behind = from === 0 ? ': ' : ' '
      return beginning(sources.nicks(), begun.slice(at.length)).map((nick) => `${at}${nick}${behind}`)
    }
    case 'room':
      return beginning(await sources.rooms(), begun)
    case 'file':
      return beginning(await sources.files(), begun)
    case 'path':
      return await sources.paths(begun)
    default:
      return kind satisfies never
  }
}

const beginning = (texts: readonly string[], begun: string): string[] =>
  [...new Set(texts)].filter((text) => text.toLowerCase().startsWith(begun.toLowerCase())).sort(byLetters)

const byLetters = new Intl.Collator('und').compare
