/** Whether a text names somebody, as a word of its own. */
export function isNamedIn(text: string, nick: string): boolean {
  const [lower, wanted] = [text.toLowerCase(), nick.toLowerCase()]
  if (wanted === '') return false
  const isLetter = (sign: string | undefined) => sign !== undefined && /[\p{L}\p{N}_]/u.test(sign)
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + 1))
    if (!isLetter(lower[at - 1]) && !isLetter(lower[at + wanted.length])) return true
  return false
}
