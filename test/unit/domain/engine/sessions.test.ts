import { expect, test } from 'vitest'
import { Sessions } from '#domain/engine/sessions.ts'

const sessionOf = (owner: string) => ({ owner })

test('sessions are found by the owner of their nick, for as long as they are in a room', () => {
  const sessions = new Sessions<{ readonly owner: string }>()
  const [one, two, other] = [sessionOf('ani'), sessionOf('ani'), sessionOf('budi')]
  for (const each of [one, two, other]) sessions.add(each)
  expect([...sessions.of('ani')]).toEqual([one, two])
  expect([...sessions.of('cici')]).toEqual([])
  expect([...sessions]).toEqual([one, two, other])
  sessions.delete(one)
  sessions.delete(one)
  expect([...sessions.of('ani')]).toEqual([two])
  sessions.delete(two)
  expect([...sessions.of('ani')]).toEqual([])
  expect([...sessions]).toEqual([other])
})

test('the sessions of an owner are found without a look at anybody else’s', () => {
  const sessions = new Sessions<{ readonly owner: string }>()
  let looks = 0
  for (let count = 0; count < 1000; count++)
    sessions.add({
      get owner() {
        looks++
        return `guest ${count}`
      },
    })
  sessions.add(sessionOf('ani'))
  looks = 0
  expect([...sessions.of('ani')]).toHaveLength(1)
  expect(looks).toBe(0)
})
