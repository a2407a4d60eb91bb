import type { Code } from '#domain/errors.ts'

/** Consecutive text lines, without their ends. A line that began with `//` begins with `/` here. */
export interface TextItem {
  readonly type: 'text'
  readonly lines: string[]
}

/** `/word rest`. `word` is lower case; it is '' when no letter follows the slash, and `rest` is then the whole line. */
export interface CommandItem {
  readonly type: 'command'
  readonly word: string
  readonly rest: string
}

/** A file begins; `size` is undefined when the end mark ends it. The name is data, as it came. */
export interface BeginItem {
  readonly type: 'begin'
  readonly name: string
  readonly size: number | undefined
  /** The name of the one person whom it is for. */
  readonly to?: string
}

/** The next bytes of the file: a view of the segment they came in. */
export interface BodyItem {
  readonly type: 'body'
  readonly bytes: Buffer
}

/** The file's body is over. `suspect`: what follows says that the mark was part of the file (C23). */
export interface EndItem {
  readonly type: 'end'
  readonly suspect: boolean
}

/** The input ended inside a file. */
export interface CutItem {
  readonly type: 'cut'
}

/** Bytes of the protocol around ours that are to be written back as they are. */
export interface AnswerItem {
  readonly type: 'answer'
  readonly bytes: Buffer
}

/** Something that the sender is told once, and of which nothing was refused. */
export interface HintItem {
  readonly type: 'hint'
  readonly text: string
}

/** A mistake that the sender is told about; reading goes on. */
export interface ErrorItem {
  readonly type: 'error'
  readonly code: Code
  readonly message: string
}

/** The last item there is: whatever comes behind it is not read. */
export interface CloseItem {
  readonly type: 'close'
  readonly code: Code
  readonly message: string
}

export type Item =
  | TextItem
  | CommandItem
  | BeginItem
  | BodyItem
  | EndItem
  | CutItem
  | AnswerItem
  | HintItem
  | ErrorItem
  | CloseItem

/** Items in order; text lines that follow each other share one item. */
export class ItemList {
  readonly items: Item[] = []

  add(item: Item): void {
    this.items.push(item)
  }

  addText(line: string): void {
    const last = this.items.at(-1)
    if (last?.type === 'text') last.lines.push(line)
    else this.items.push({ type: 'text', lines: [line] })
  }

  /** Takes the array over. */
  addTexts(lines: string[]): void {
    const last = this.items.at(-1)
    if (last?.type !== 'text') this.items.push({ type: 'text', lines })
    else for (const line of lines) last.lines.push(line)
  }
}
