/** One rule for every adapter of a port, for any test runner. */
export interface ContractCase {
  /** The rule as a sentence. */
  readonly name: string
  run(): Promise<void>
}
