import * as v from 'valibot'
import { expect, test } from 'vitest'
import { clientMessages, hostMessages, oneOf } from '#protocol/schema.ts'
import { readerOf, unfit } from '#protocol/schema-reader.ts'
import { clientSamples, hostSamples } from './samples.ts'

const OTHERS = [
  undefined,
  null,
  '',
  'x',
  'owner',
  -1,
  -0,
  1.5,
  7,
  true,
  [],
  ['x'],
  {},
  { id: 'a', name: 'b', role: 'new' },
]

/** The value itself, and copies in which one place, at any depth, is another value, is gone, or has one key more. */
function* changed(value: unknown): Generator<unknown> {
  yield value
  yield* OTHERS
  if (Array.isArray(value)) {
    yield [...value, ...value]
    for (const [index, each] of value.entries()) for (const other of changed(each)) yield value.with(index, other)
  } else if (typeof value === 'object' && value !== null) {
    yield { ...value, more: 1 }
    for (const [key, each] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([other]) => other !== key))
      for (const other of changed(each)) yield { ...value, [key]: other }
    }
  }
}

test.each([
  ['a client', oneOf(clientMessages), clientSamples],
  ['a host', oneOf(hostMessages), hostSamples],
])('messages of %s are read as valibot reads them, and what it refuses is unfit', (_, schema, samples) => {
  const read = readerOf(schema)
  let taken = 0
  let refused = 0
  for (const sample of Object.values(samples)) {
    expect(read(sample)).toStrictEqual(sample)
    for (const value of changed(sample)) {
      const { success, output } = v.safeParse(schema, value, { abortEarly: true })
      if (success) taken++
      else refused++
      expect(read(value)).toStrictEqual(success ? output : unfit)
    }
  }
  expect(Math.min(taken, refused)).toBeGreaterThan(20)
})

test('a schema of another kind, and a default, are left to valibot', () => {
  const read = readerOf(
    v.object({ size: v.exactOptional(v.number(), 1), name: v.pipe(v.string(), v.trim(), v.description('a name')) }),
  )
  expect(read({ size: 2, name: ' ani ' })).toEqual({ size: 2, name: 'ani' })
  expect(read({ size: '2', name: 'ani' })).toBe(unfit)
  // Valibot knows the default.
  expect(read({ name: 'ani' })).toBe(unfit)
})
