import { commandsAt } from '#protocol/commands.ts'
import { executeCommand } from './execute-command.ts'
import { type Choices, type EditKey, type Editor, edited, emptyEditor, entered, type Stroke } from './line-editor.ts'
import type { RoomClient } from './room-client.ts'

/** So often is the room told that somebody types. */
const TYPING_MS = 3000
/** A line that is written in less is not worth telling. */
const QUICK_MS = 1000

/** A person's keys in a room: the line being edited, and the outcome of sent ones. */
export class Typing {
  readonly #client: RoomClient
  readonly #sources: Sources
  readonly #changed: () => void
  readonly #suspend: () => void
  #editor: Editor = emptyEditor
  #toldAt = Number.NEGATIVE_INFINITY
  #begunAt = 0

  /** `suspend`: Ctrl-Z. */
  constructor(client: RoomClient, sources: Sources, changed: () => void, suspend: () => void) {
    this.#client = client
    this.#sources = sources
    this.#changed = changed
    this.#suspend = suspend
  }

  get editor(): Editor {
    return this.#editor
  }

  press(stroke: Stroke): void {
    this.#client.attention.touch()
    switch (stroke.type) {
      case 'enter': {
        const before = this.#editor
        const { editor, sent } = entered(before)
        this.#editor = editor
        void executeCommand(this.#client, sent).then((code) => this.#giveBack(before, code))
        break
      }
      case 'tab':
        if (this.#editor.choices === undefined) void this.#complete()
        else this.#editor = edited(this.#editor, { type: 'nextChoice' })
        break
      case 'suspend':
        this.#suspend()
        break
      case 'interrupt':
        // The typed text goes first, so that nobody leaves by a slip.
        if (this.#editor.text === '' && this.#editor.pasted === undefined) this.#client.leave({ type: 'quit' })
        else this.#editor = { ...emptyEditor, past: this.#editor.past }
        break
      case 'endOfInput':
        if (this.#editor.text === '') this.#client.leave({ type: 'quit' })
        else this.#editor = edited(this.#editor, { type: 'delete' })
        break
      default:
        if (stroke.type === 'typed') this.#typed(stroke)
        else this.#editor = edited(this.#editor, stroke)
    }
    this.#changed()
  }

  /** Puts a line that was too long back, to be made shorter, unless something else is being typed by then. */
  #giveBack({ text, cursor, pasted }: Editor, code: string | undefined): void {
    const { past, ...now } = this.#editor
    if (code !== 'LINE_TOO_LONG' || now.text !== '' || now.pasted !== undefined) return
    this.#editor = { ...emptyEditor, past, text, cursor, pasted }
    this.#changed()
  }

  /** Others are not told of typing a command. */
  #typed(stroke: EditKey): void {
    const before = this.#editor.text
    this.#editor = edited(this.#editor, stroke)
    const now = this.#client.clock.elapsed()
    if (before === '') this.#begunAt = now
    if (this.#editor.text.startsWith('/') || now - this.#toldAt < TYPING_MS || now - this.#begunAt < QUICK_MS) return
    this.#toldAt = now
    this.#client.session.post([{ type: 'typing' }])
  }

  async #complete(): Promise<void> {
    const asked = this.#editor
    const choices = await choicesFor(gapAt(asked.text, asked.cursor), this.#sources).catch(() => undefined)
    // The person types on and does not want it any more.
    if (choices === undefined || this.#editor !== asked || asked.pasted !== undefined) return
    this.#editor = edited(asked, { type: 'offered', ...choices })
    // There is nothing to go through.
    if (choices.texts.length === 1) this.#editor = { ...this.#editor, choices: undefined }
    this.#changed()
  }
}

/** The gap that Tab is to complete: the kind of word, and its place in the line. */
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
  const [head = '', addressed, command = 'send'] = /^(?:(\/send +@\S+)|\/(\S+)|SEND) +/.exec(before) ?? []
  const begun = before.slice(head.length)
  const isNick = head === '' || (command === 'send' && addressed === undefined && /^@\S*$/.test(begun))
  const kind = isNick ? 'nick' : (arguments_[command] ?? 'nick')
  // Names of files and paths may have spaces in them.
  const from = kind === 'nick' ? before.search(/\S*$/) : head.length
  return { kind, begun: before.slice(from), from, to: cursor }
}

/** The candidates for the gap, the most likely first; undefined where nothing fits. */
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
