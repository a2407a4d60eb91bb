import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Access, checkedAnswer } from '#domain/engine/access.ts'

describe('an answer of the access rule', () => {
  it.each([
    {},
    { name: 'ani' },
    { role: 'op' },
    { name: 'ani', role: 'owner', person: '17' },
    { type: 'rejected', code: 'NOT_ALLOWED', message: 'not today' },
  ])('is taken as it is: %j', (answer) => expect(checkedAnswer(answer)).toBe(answer))
  it('may be yes or no', () => {
    expect(checkedAnswer(true)).toEqual({})
    expect(checkedAnswer(false)).toBeUndefined()
  })
  it.each([
    undefined,
    null,
    1,
    'yes',
    { name: '' },
    { name: 7 },
    { role: 'admin' },
    { person: 17 },
    { name: 'ani', isAdmin: true },
    { type: 'rejected', code: 'BANNED', message: 'no' },
    { type: 'rejected', code: 'NOT_ALLOWED' },
    { type: 'rejected', code: 'NOT_ALLOWED', message: 'no', role: 'owner' },
  ])('of another shape lets nobody in: %j', (answer) => expect(() => checkedAnswer(answer)).toThrow(TypeError))
  it('of another shape does not compile', () => {
    expectTypeOf(() => ({ role: 'op' as const })).toExtend<Access>()
    expectTypeOf(async () => ({ name: 'ani', person: '17' })).toExtend<Access>()
    // @ts-expect-error there is no such role
    expectTypeOf(() => ({ role: 'admin' as const })).toExtend<Access>()
    // @ts-expect-error it has one code
    expectTypeOf(() => ({ type: 'rejected' as const, code: 'BANNED' as const, message: 'no' })).toExtend<Access>()
  })
})
