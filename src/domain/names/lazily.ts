/**
 * The result of `make`, computed on first use. A regular expression with Unicode properties takes milliseconds to compile, and a command
 * that starts needs few of them.
 */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
