/** One thing that every adapter of a port does, to be run by whatever test runner the adapter's spec uses. */
export interface ContractCase {
  /** A sentence about what holds. */
  readonly name: string
  run(): Promise<void>
}
