/** These bytes are no bundle, or not as they were written. The message gives the fault, and quotes nothing of it. */
export class BadBundle extends Error {
  readonly code = 'BAD_BUNDLE'
}
