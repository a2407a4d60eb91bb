import { choicesFor, gapAt, type Sources } from './completion.ts'
import { executeCommand } from './execute-command.ts'
import { type EditKey, type Editor, edited, emptyEditor, entered, type Stroke } from './line-editor.ts'
import type { RoomClient } from './room-client.ts'

/** So often is the room told that somebody types. */
const TYPING_MS = 3000
/** A line that is written in less is not worth telling. */
const QUICK_MS = 1000

/** Somebody's keys at a room: what they type, and what becomes of it. */
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
        // What was typed goes first, so that nobody leaves by a slip.
        if (this.#editor.text === '' && this.#editor.pasted === undefined) this.#client.end({ type: 'quit' })
        else this.#editor = { ...emptyEditor, past: this.#editor.past }
        break
      case 'endOfInput':
        if (this.#editor.text === '') this.#client.end({ type: 'quit' })
        else this.#editor = edited(this.#editor, { type: 'delete' })
        break
      default:
        if (stroke.type === 'typed') this.#typed(stroke)
        else this.#editor = edited(this.#editor, stroke)
    }
    this.#changed()
  }

  /** What was too long is there again, to be made shorter, unless something else is being typed by then. */
  #giveBack({ text, cursor, pasted }: Editor, code: string | undefined): void {
    const { past, ...now } = this.#editor
    if (code !== 'LINE_TOO_LONG' || now.text !== '' || now.pasted !== undefined) return
    this.#editor = { ...emptyEditor, past, text, cursor, pasted }
    this.#changed()
  }

  /** What begins with a slash is nobody's business. */
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
    // Somebody who types on does not want it any more.
    if (choices === undefined || this.#editor !== asked || asked.pasted !== undefined) return
    this.#editor = edited(asked, { type: 'offered', ...choices })
    // There is nothing to go through.
    if (choices.texts.length === 1) this.#editor = { ...this.#editor, choices: undefined }
    this.#changed()
  }
}
