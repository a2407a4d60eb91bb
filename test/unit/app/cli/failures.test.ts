import { expect, it } from 'vitest'
import { failureOf } from '#app/cli/failures.ts'

it.each([
  ['EINVAL', 5, 'a.log: it can not be read or written like a file'],
  ['EAGAIN', 5, 'a.log: there is nothing in it now'],
  ['EBADMSG', 1, 'a.log: EBADMSG: bad message, read'],
])('a file that fails with %s is named', (code, exitCode, message) => {
  const error = Object.assign(new Error(`${code}: bad message, read`), { code, errno: -1, syscall: 'read' })
  expect(failureOf(error, 'a.log')).toMatchObject({ exitCode, message })
})
