/**
 * The result of `make`, made when it is first asked for. A regular expression with Unicode properties takes milliseconds to make, and a command
 * that starts needs few of them.
 */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
