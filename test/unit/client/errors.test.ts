import { expect, test } from 'vitest'
import { errorText } from '#client/errors.ts'

const failed = (code: string) => Object.assign(new Error(`${code} 127.0.0.1:1`), { code })

test.each([
  ['C12', 'ENOTFOUND', 'there is no host of this name; a room is typed as HOST/ROOM'],
  ['C12', 'ECONNREFUSED', 'nothing listens there; is the host running?'],
  ['B10', 'ERR_SSL_WRONG_VERSION_NUMBER', 'it speaks no TLS as it should; without TLS leave out tls://'],
])('%s: a connection that fails with %s is told as what to try', (_, code, text) => {
  expect(errorText(failed(code))).toBe(text)
  expect(errorText(new AggregateError([failed(code)]))).toBe(text)
})
