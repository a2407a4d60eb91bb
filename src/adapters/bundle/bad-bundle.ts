/** These bytes are no bundle, or not as they were written. The message says what is wrong, and quotes nothing of it. */
export class BadBundle extends Error {
  readonly code = 'BAD_BUNDLE'
}
