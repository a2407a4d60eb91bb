/** Bytes that `text` takes in UTF-8. A lone surrogate counts 3, as the replacement character that encoders put there. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at) as number
    if (point > 0xffff) at++
    bytes += bytesOf(point)
  }
  return bytes
}

/** The longest start of `text` that takes at most `maxBytes` in UTF-8 and ends between two code points. */
export function cutUtf8(text: string, maxBytes: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0) as number)
    if (bytes > maxBytes) return text.slice(0, end)
    end += character.length
  }
  return text
}

function bytesOf(point: number): number {
  if (point < 0x80) return 1
  if (point < 0x800) return 2
  return point < 0x10000 ? 3 : 4
}
