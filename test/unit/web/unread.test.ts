import { expect, test } from 'vitest'
import { cleared, looked, opened, said } from '#web/timeline/unread.ts'

test('what is new is marked where one stopped the last time, and not where one never was', () => {
  expect(opened(7, 12)).toEqual({ read: 12, count: 0, divider: 7 })
  expect(opened(12, 12).divider).toBeUndefined()
  expect(opened(undefined, 12).divider).toBeUndefined()
})

test('the mark stays while one reads, moves once for each time that one looks away, and goes when one speaks', () => {
  let unread = opened(7, 12)
  unread = said(unread, 13, true, false)
  expect(unread).toEqual({ read: 13, count: 0, divider: 7 })
  unread = said(said(unread, 14, false, false), 15, false, false)
  expect(unread).toEqual({ read: 13, count: 2, divider: 13 })
  unread = looked(unread, 15)
  expect(unread).toEqual({ read: 15, count: 0, divider: 13 })
  expect(looked(unread, 15)).toBe(unread)
  expect(said(unread, 16, true, true)).toEqual({ read: 16, count: 0, divider: undefined })
  expect(cleared(unread).divider).toBeUndefined()
})
