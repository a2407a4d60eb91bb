import { expect, test } from 'vitest'
import { NodeSignature } from '#cluster/node-signature.ts'

const request = { method: 'GET', path: '/cluster/files/1?from=0' }

function pair(key = 'a secret of all nodes') {
  let now = 1_000_000
  const clock = { now: () => now }
  const [one, other] = [new NodeSignature(clock), new NodeSignature(clock)]
  one.open('a secret of all nodes')
  other.open(key)
  return { one, other, pass: (ms: number) => (now += ms) }
}

test('a request is of a node for once, and names the client for whom it is passed on', () => {
  const { one, other } = pair()
  const signed = one.sign(request, '192.0.2.7')
  expect(other.verify(request, signed)).toBe('192.0.2.7')
  expect(other.verify(request, signed)).toBeUndefined()
  expect(other.verify(request, one.sign(request))).toBe('')
})

test('another method, path, client, time, key or shape is of no node', () => {
  const { one, other, pass } = pair()
  expect(other.verify({ ...request, method: 'POST' }, one.sign(request))).toBeUndefined()
  expect(other.verify({ ...request, path: '/cluster/files/2?from=0' }, one.sign(request))).toBeUndefined()
  const [time, nonce, , seal] = one.sign(request, '192.0.2.7').split('.')
  expect(other.verify(request, [time, nonce, '', seal].join('.'))).toBeUndefined()
  expect(other.verify(request, `${one.sign(request)}.x`)).toBeUndefined()
  for (const shape of ['', '.', '...', 'x.y.z.w', `NaN.${nonce}..${seal}`])
    expect(other.verify(request, shape)).toBeUndefined()
  const early = one.sign(request)
  pass(61_000)
  expect(other.verify(request, early)).toBeUndefined()
  expect(pair('another').other.verify(request, one.sign(request))).toBeUndefined()
  expect(new NodeSignature({ now: () => 1_061_000 }).verify(request, one.sign(request))).toBeUndefined()
})
