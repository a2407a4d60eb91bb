import { signsOf } from './cells.ts'

/** The most lines of input history. */
const MOST_PAST = 500

/** The candidates that Tab cycles through, in place of the text between `from` and `to`. */
export interface Choices {
  readonly from: number
  readonly to: number
  readonly texts: readonly string[]
}

/** The line that is being typed. `cursor` counts UTF-16 units and never lies inside of a sign. */
export interface Editor {
  readonly text: string
  readonly cursor: number
  /** Lines that were sent, oldest first. */
  readonly past: readonly string[]
  /** Which of them is shown; undefined: the line that is being typed. */
  readonly at: number | undefined
  /** The unfinished line from before older ones were looked at. */
  readonly draft: string
  /** Several lines that were pasted at the cursor, and wait for a yes. */
  readonly pasted: string | undefined
  readonly choices: (Choices & { readonly index: number }) | undefined
}

export const emptyEditor: Editor = {
  text: '',
  cursor: 0,
  past: [],
  at: undefined,
  draft: '',
  pasted: undefined,
  choices: undefined,
}

const motions = ['left', 'right', 'wordLeft', 'wordRight', 'home', 'end', 'up', 'down'] as const
const deletions = ['backspace', 'delete', 'killWord', 'killToStart', 'killToEnd'] as const

export type EditKey =
  | { readonly type: 'typed' | 'pasted'; readonly text: string }
  | { readonly type: (typeof motions)[number] | (typeof deletions)[number] | 'escape' | 'nextChoice' }
  | ({ readonly type: 'offered' } & Choices)

/** The editor after a key. */
export function edited(editor: Editor, key: EditKey): Editor {
  if (editor.pasted !== undefined) return key.type === 'escape' ? { ...editor, pasted: undefined } : editor
  const { text, cursor } = editor
  switch (key.type) {
    case 'typed':
      return inserted(editor, oneLine(key.text))
    case 'pasted': {
      // A byte order mark comes from the file that the text was copied from, and is none of it.
      const lines = withoutControls(
        key.text
          .replace(/^\ufeff/, '')
          .replace(/\r\n?/g, '\n')
          .replace(/\n+$/, ''),
      )
      return lines.includes('\n') ? { ...editor, pasted: lines, choices: undefined } : inserted(editor, oneLine(lines))
    }
    case 'offered':
      return chosen(editor, { ...key, index: 0 })
    case 'nextChoice': {
      const { choices } = editor
      if (choices === undefined) return editor
      return chosen(editor, { ...choices, index: (choices.index + 1) % choices.texts.length })
    }
    case 'escape':
      return editor.choices === undefined ? { ...editor, ...line('') } : { ...editor, choices: undefined }
    case 'left':
      return moved(editor, cursor - (signsOf(text.slice(0, cursor)).at(-1)?.length ?? 0))
    case 'right':
      return moved(editor, cursor + (signsOf(text.slice(cursor))[0]?.length ?? 0))
    case 'wordLeft':
      return moved(editor, wordBefore(text, cursor))
    case 'wordRight':
      return moved(editor, cursor + (/^\s*\S*/.exec(text.slice(cursor))?.[0].length ?? 0))
    case 'home':
      return moved(editor, 0)
    case 'end':
      return moved(editor, text.length)
    case 'up':
      return older(editor)
    case 'down':
      return newer(editor)
    case 'backspace':
      return cutOut(editor, cursor - (signsOf(text.slice(0, cursor)).at(-1)?.length ?? 0), cursor)
    case 'delete':
      return cutOut(editor, cursor, cursor + (signsOf(text.slice(cursor))[0]?.length ?? 0))
    case 'killWord':
      return cutOut(editor, wordBefore(text, cursor), cursor)
    case 'killToStart':
      return cutOut(editor, 0, cursor)
    case 'killToEnd':
      return cutOut(editor, cursor, text.length)
    default:
      return key satisfies never
  }
}

/** The line that Enter sends, and the editor for the next one. Pasted lines are text, even where they begin with a slash. */
export function entered(editor: Editor): { readonly editor: Editor; readonly sent: string } {
  const { text, cursor, pasted } = editor
  const kept =
    text.trim() === '' || editor.past.at(-1) === text ? editor.past : [...editor.past, text].slice(-MOST_PAST)
  const next = { ...emptyEditor, past: kept }
  if (pasted === undefined) return { editor: next, sent: text }
  const slash = text === '' && pasted.startsWith('/') ? '/' : ''
  return { editor: next, sent: slash + text.slice(0, cursor) + pasted + text.slice(cursor) }
}

const line = (text: string) => ({ text, cursor: text.length, choices: undefined, at: undefined })

function inserted(editor: Editor, typed: string): Editor {
  const text = editor.text.slice(0, editor.cursor) + typed + editor.text.slice(editor.cursor)
  return { ...editor, text, cursor: editor.cursor + typed.length, choices: undefined, at: undefined }
}

const moved = (editor: Editor, cursor: number): Editor => ({ ...editor, cursor, choices: undefined })

function cutOut(editor: Editor, from: number, to: number): Editor {
  const text = editor.text.slice(0, from) + editor.text.slice(to)
  return { ...editor, text, cursor: from, choices: undefined, at: undefined }
}

function chosen(editor: Editor, choices: NonNullable<Editor['choices']>): Editor {
  const text = choices.texts[choices.index]
  if (text === undefined) return { ...editor, choices: undefined }
  const now = editor.text.slice(0, choices.from) + text + editor.text.slice(choices.to)
  const to = choices.from + text.length
  return { ...editor, text: now, cursor: to, at: undefined, choices: { ...choices, to } }
}

function older(editor: Editor): Editor {
  const at = (editor.at ?? editor.past.length) - 1
  const text = editor.past[at]
  if (text === undefined) return editor
  return { ...editor, ...line(text), at, draft: editor.at === undefined ? editor.text : editor.draft }
}

function newer(editor: Editor): Editor {
  if (editor.at === undefined) return editor
  const text = editor.past[editor.at + 1]
  return text === undefined ? { ...editor, ...line(editor.draft) } : { ...editor, ...line(text), at: editor.at + 1 }
}

const wordBefore = (text: string, cursor: number): number =>
  cursor - (/\S*\s*$/.exec(text.slice(0, cursor))?.[0].length ?? 0)

const withoutControls = (text: string): string => text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
const oneLine = (text: string): string => withoutControls(text.replace(/[\n\r]+/g, ' '))

/** A terminal library's description of a key. */
export interface Pressed {
  readonly upArrow: boolean
  readonly downArrow: boolean
  readonly leftArrow: boolean
  readonly rightArrow: boolean
  readonly home: boolean
  readonly end: boolean
  readonly return: boolean
  readonly escape: boolean
  readonly ctrl: boolean
  readonly meta: boolean
  readonly tab: boolean
  readonly backspace: boolean
  readonly delete: boolean
  readonly pageUp: boolean
  readonly pageDown: boolean
}

export type Stroke = EditKey | { readonly type: 'enter' | 'tab' | 'interrupt' | 'endOfInput' | 'suspend' }

const controls: Readonly<Record<string, Stroke['type']>> = {
  a: 'home',
  b: 'left',
  c: 'interrupt',
  d: 'endOfInput',
  e: 'end',
  f: 'right',
  h: 'backspace',
  k: 'killToEnd',
  n: 'down',
  p: 'up',
  u: 'killToStart',
  w: 'killWord',
  z: 'suspend',
}

/** Ctrl-Z. */
const SUSPEND = '\x1a'
/** Ctrl with a letter, but those that text has too: Tab, and the ends of lines. */
const CONTROL = /[\x01-\x08\x0b\x0c\x0e-\x19]/

/**
 * The keys in a chunk of input; keys in quick succession come together. Terminals without bracketed paste give pasted text as if it were
 * typed: a chunk with a line end in it, and more behind that, was not typed by hand.
 */
export function strokesOf(input: string, key: Pressed): readonly Stroke[] {
  const named = nameOf(key)
  if (named !== undefined) return [{ type: named } as Stroke]
  if (key.ctrl) {
    const stroke = controls[input]
    return stroke === undefined ? [] : [{ type: stroke } as Stroke]
  }
  if (key.meta) {
    if (input === 'b') return [{ type: 'wordLeft' }]
    return input === 'f' ? [{ type: 'wordRight' }] : []
  }
  const stop = input.indexOf(SUSPEND)
  // The rest is for the shell.
  if (stop >= 0) return [...strokesOf(input.slice(0, stop), key), { type: 'suspend' }]
  const text = input.replace(/\r\n?/g, '\n')
  if (text === '' || key.pageUp || key.pageDown) return []
  const end = text.indexOf('\n')
  const pressed = text.search(CONTROL)
  if (pressed >= 0 && (end < 0 || end === text.length - 1)) {
    const letter = String.fromCharCode(text.charCodeAt(pressed) + 0x60)
    const parts = [strokesOf(text.slice(0, pressed), key), strokesOf(letter, { ...key, ctrl: true })]
    return [...parts.flat(), ...strokesOf(text.slice(pressed + 1), key)]
  }
  // Somebody types faster than a busy machine reads.
  if (end < 0 && text.endsWith('\t')) return [{ type: 'typed', text: text.slice(0, -1) }, { type: 'tab' }]
  if (end < 0) return [{ type: 'typed', text }]
  if (end < text.length - 1) return [{ type: 'pasted', text }]
  return [{ type: 'typed', text: text.slice(0, end) }, { type: 'enter' }]
}

function nameOf(key: Pressed): Stroke['type'] | undefined {
  if (key.return) return 'enter'
  if (key.tab) return 'tab'
  if (key.escape) return 'escape'
  if (key.backspace) return 'backspace'
  if (key.delete) return 'delete'
  if (key.upArrow) return 'up'
  if (key.downArrow) return 'down'
  if (key.leftArrow) return key.ctrl || key.meta ? 'wordLeft' : 'left'
  if (key.rightArrow) return key.ctrl || key.meta ? 'wordRight' : 'right'
  if (key.home) return 'home'
  return key.end ? 'end' : undefined
}
