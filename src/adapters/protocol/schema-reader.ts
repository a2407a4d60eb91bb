import type * as v from 'valibot'

// Schemas as functions, for messages that come by the thousand. Valibot walks a schema anew for each value and notes what is wrong; these
// only say yes or no, and what they do not take is for valibot to judge and to explain.

/** What a reader answers where a value is not as its schema wants it. */
export const unfit = Symbol('unfit')
type Reader<Output = unknown> = (value: unknown) => Output | typeof unfit

/** `schema` as one function, made once: answers what valibot makes of a value, or `unfit`. */
export function readerOf<Schema extends v.GenericSchema>(schema: Schema): Reader<v.InferOutput<Schema>> {
  return readerOfPart(schema as unknown as Part) as Reader<v.InferOutput<Schema>>
}

type MapSchema = v.ObjectSchema<v.ObjectEntries, undefined> | v.StrictObjectSchema<v.ObjectEntries, undefined>
type Given = { readonly typed?: boolean; readonly value: unknown; readonly issues?: unknown }
type Step = {
  readonly kind: string
  readonly type: string
  '~run'(given: Given, config: v.Config<v.BaseIssue<unknown>>): Given
}
type Part = { readonly pipe?: readonly [Part, ...Step[]] } & (
  | MapSchema
  | v.StringSchema<undefined>
  | v.BooleanSchema<undefined>
  | v.LiteralSchema<v.Literal, undefined>
  | (v.CustomSchema<unknown, undefined> & { readonly check: (value: unknown) => boolean })
  | v.ExactOptionalSchema<v.GenericSchema, undefined>
  | v.ArraySchema<v.GenericSchema, undefined>
  | (v.LazySchema<v.GenericSchema> & { readonly options: readonly v.GenericSchema[] })
)

function readerOfPart(part: Part): Reader {
  if (part.pipe !== undefined) {
    const [first, ...steps] = part.pipe
    return steps
      .filter((step) => step.kind !== 'metadata')
      .map(stepOf)
      .reduce(behind, readerOfPart(first))
  }
  switch (part.type) {
    case 'string':
    case 'boolean':
      return (value) => (typeof value === part.type ? value : unfit)
    case 'literal':
      return (value) => (value === part.literal ? value : unfit)
    case 'custom':
      return (value) => (part.check(value) ? value : unfit)
    case 'exact_optional':
      return readerOf(part.wrapped)
    case 'array': {
      const item = readerOf(part.item)
      return (value) => (Array.isArray(value) ? listOf(value, item) : unfit)
    }
    case 'lazy': {
      const readers = new Map(part.options.map((option) => [option, readerOf(option)]))
      return (value) => {
        const schema = part.getter(value)
        return (readers.get(schema) ?? stepOf(schema as Step))(value)
      }
    }
    case 'object':
    case 'strict_object':
      return mapReader(part)
    default:
      return stepOf(part as Step)
  }
}

const behind =
  (before: Reader, step: Reader): Reader =>
  (value) => {
    const given = before(value)
    return given === unfit ? unfit : step(given)
  }

/** One step of a pipe, or a schema of another kind, as valibot runs it. */
function stepOf(step: Step): Reader {
  if (isTransform(step)) return step.operation
  return (value) => {
    const { issues, value: given } = step['~run']({ typed: true, value }, { abortEarly: true })
    return issues === undefined ? given : unfit
  }
}

const isTransform = (step: Step): step is Step & v.TransformAction<unknown, unknown> => step.type === 'transform'

function listOf(list: readonly unknown[], item: Reader): unknown {
  const read: unknown[] = []
  for (const each of list) {
    const given = item(each)
    if (given === unfit) return unfit
    read.push(given)
  }
  return read
}

/** Onto a fresh map: nothing of the given one goes further, whatever else it holds (C104). */
function mapReader({ type, entries }: MapSchema): Reader {
  const isStrict = type === 'strict_object'
  const fields = Object.entries(entries).map(([key, schema]) => {
    // A default is for valibot to fill in.
    const isOptional = schema.type === 'exact_optional' && !('default' in schema && schema.default !== undefined)
    return { key, isOptional, read: readerOf(schema) }
  })
  return (value) => {
    if (typeof value !== 'object' || value === null) return unfit
    const map: Record<string, unknown> = {}
    let left = isStrict ? Object.keys(value).length : 0
    for (const { key, isOptional, read } of fields) {
      const field = (value as Record<string, unknown>)[key]
      if (field === undefined && isOptional && !(key in value)) continue
      const given = field === undefined ? unfit : read(field)
      if (given === unfit) return unfit
      map[key] = given
      left--
    }
    return left > 0 ? unfit : map
  }
}
