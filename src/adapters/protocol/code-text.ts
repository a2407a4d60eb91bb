/** A part of a message: lines of text, or a block of code between fences. */
export interface Block {
  readonly at: number
  readonly type: 'text' | 'code'
  readonly lines: readonly string[]
}

const FENCE = /^```[\w+#.-]*$/

/** The blocks of a message. A fence that is never closed is text. */
export function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = []
  let from = 0
  for (let at = 0; at < lines.length; at++) {
    if (!FENCE.test(lines[at]?.trimEnd() ?? '')) continue
    const end = lines.findIndex((line, index) => index > at && line.trimEnd() === '```')
    if (end < 0) break
    if (at > from) blocks.push({ at: from, type: 'text', lines: lines.slice(from, at) })
    blocks.push({ at, type: 'code', lines: lines.slice(at + 1, end) })
    at = end
    from = end + 1
  }
  if (from < lines.length) blocks.push({ at: from, type: 'text', lines: lines.slice(from) })
  return blocks
}

const CODE = /`([^`\n]+)`/g

/** A piece of a text: plain, or code, with its signs. */
export interface Span {
  readonly at: number
  readonly text: string
  readonly isCode: boolean
}

/** Where the code spans of a text are, and the text between them. */
export function codeSpans(text: string): readonly Span[] {
  const spans: Span[] = []
  let at = 0
  for (const found of text.matchAll(CODE)) {
    if (found.index > at) spans.push({ at, text: text.slice(at, found.index), isCode: false })
    spans.push({ at: found.index, text: found[0], isCode: true })
    at = found.index + found[0].length
  }
  if (at < text.length || spans.length === 0) spans.push({ at, text: text.slice(at), isCode: false })
  return spans
}
