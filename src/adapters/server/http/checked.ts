import * as v from 'valibot'
import { HttpRefused } from './errors.ts'

/** What a client sent, as `schema` wants it; BAD_REQUEST with what is wrong where it is not. */
export function checked<Schema extends v.GenericSchema>(schema: Schema, sent: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, sent)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new HttpRefused('BAD_REQUEST', `${v.getDotPath(issue) ?? 'this'}: ${issue.message}`)
}

/** A number in an address, 0 or more. */
export const wholeNumber = v.pipe(
  v.string('must be given once'),
  v.regex(/^\d{1,15}$/, 'must be a whole number'),
  v.transform(Number),
)

/** How many are wanted: `usual` unless asked otherwise, and at most `most`. */
export const limitOf = (usual: number, most: number) =>
  v.optional(
    v.pipe(
      wholeNumber,
      v.minValue(1, 'must be 1 or more'),
      v.transform((limit) => Math.min(limit, most)),
    ),
    String(usual),
  )
