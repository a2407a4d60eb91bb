/**
 * Whether a line that begins with a slash is a path and no slash word: a second slash stands before the first blank, as in `/home/ani/x`
 * (the rule of weechat). `//text` is none of both.
 */
export const isPathLine = (line: string): boolean => /^\/[^\s/]+\//.test(line)

/**
 * A typed line without the byte order marks that stand before a word: they come from the file that it was sent with. Before text they are as
 * much text as any other character.
 */
export const wordLine = (line: string): string =>
  /^\ufeff+(?:\/|SEND )/.test(line) ? line.replace(/^\ufeff+/, '') : line
