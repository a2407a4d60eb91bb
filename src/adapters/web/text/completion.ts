/** A name that is begun before the cursor with `@`, or as the first word behind a slash word, is completed. Undefined where none is meant. */
export function completed(
  text: string,
  cursor: number,
  names: readonly string[],
): { readonly text: string; readonly cursor: number } | undefined {
  const before = text.slice(0, cursor)
  const begun = /(?:^|\s)@([^\s@]+)$/u.exec(before)?.[1] ?? /^\/[a-z]+ ([^\s]+)$/u.exec(before)?.[1]
  if (begun === undefined) return undefined
  const lower = begun.toLowerCase()
  const name = names.find((each) => each.toLowerCase().startsWith(lower) && each.toLowerCase() !== lower)
  if (name === undefined) return undefined
  const done = `${before.slice(0, -begun.length)}${name} `
  return { text: done + text.slice(cursor), cursor: done.length }
}
