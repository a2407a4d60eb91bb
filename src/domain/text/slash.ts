/**
 * Whether a line that begins with a slash is a path and no slash word: a second slash stands before the first blank, as in `/home/ani/x`
 * (the rule of weechat). `//text` is none of both.
 */
export const isPathLine = (line: string): boolean => /^\/[^\s/]+\//.test(line)
