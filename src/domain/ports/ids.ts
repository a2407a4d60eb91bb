/** Where names that nobody can guess come from. */
export interface Ids {
  /** A new id: 128 bits of randomness as 32 hexadecimal digits. */
  next(): string
}
