import { isUtf8 } from 'node:buffer'

// A line that begins like a command or a file, or with a byte order mark, or that is empty. Two expressions, no `^`: measured twice as fast as one.
const SPECIAL_BEGINNING = /\n(?:[/\r\n\ufeff]|SEND)/
const MAYBE_HTTP = / HTTP\//i
// It stands in UTF-16, and behind the CR of telnet.
const NUL = 0
const MAX_BYTES_PER_CODE_UNIT = 3

/**
 * The hot path: whole lines (the last line feed left out) that are text and nothing else, decoded at once.
 * Undefined when a single one of them needs a closer look. Only LF is an ASCII line feed in UTF-8, so lines of
 * valid bytes are valid each (C12).
 */
export function decodePlainBlock(block: Buffer, maxLineBytes: number): string[] | undefined {
  if (!isUtf8(block) || block.includes(NUL)) return undefined
  const text = block.toString('utf8')
  if (SPECIAL_BEGINNING.test(`\n${text}\n`) || MAYBE_HTTP.test(text)) return undefined
  const lines = text.split('\n')
  if (text.includes('\r')) dropCarriageReturns(lines)
  return block.length <= maxLineBytes || allWithin(lines, maxLineBytes) ? lines : undefined
}

function dropCarriageReturns(lines: string[]): void {
  for (const [index, line] of lines.entries()) if (line.endsWith('\r')) lines[index] = line.slice(0, -1)
}

function allWithin(lines: readonly string[], maxLineBytes: number): boolean {
  const surelyWithin = maxLineBytes / MAX_BYTES_PER_CODE_UNIT
  return lines.every((line) => line.length <= surelyWithin || Buffer.byteLength(line) <= maxLineBytes)
}
