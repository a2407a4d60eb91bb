import type { EditKey } from './line-editor.ts'

/** What a terminal library knows of a key. */
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
 * What a chunk of input means; keys that come quickly come together. Terminals without bracketed paste give what is pasted as if it were
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
  // What comes behind it is for the shell.
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
