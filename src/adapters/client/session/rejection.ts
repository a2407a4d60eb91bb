import { CODES, type Rejected, rejected } from '#domain/errors.ts'
import { isGone, type Refusal } from '../errors.ts'

/** A refusal over HTTP in the words of the domain. */
export function rejectedBy(refusal: Refusal): Rejected {
  const code = isGone(refusal) ? 'NO_SUCH_FILE' : CODES.find((known) => known === refusal.code)
  return rejected(code ?? 'BAD_REQUEST', refusal.message)
}
