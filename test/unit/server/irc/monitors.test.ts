import { Subject } from 'rxjs'
import { expect, test } from 'vitest'
import { skeletonOf } from '#domain/room/moderation.ts'
import { Monitors } from '#server/irc/monitors.ts'

test('a client that does not read is told once how things stand when it does, however often that has changed', async () => {
  const nicks$ = new Subject<{ skeleton: string; isTaken: boolean }>()
  const taken = new Set<string>()
  const monitors = new Monitors({ nicks$, isNickTaken: (skeleton) => taken.has(skeleton) })
  const told: string[] = []
  const numeric = (code: string, _params: readonly string[], text = '') => void told.push(`${code} ${text}`)
  const reads = Promise.withResolvers<void>()
  const client = { monitored: new Map<string, string>(), taken: undefined as Promise<void> | undefined, numeric }
  for (const nick of ['ani', 'budi']) monitors.watch(client, nick)
  const change = (nick: string, isTaken: boolean) => {
    const skeleton = skeletonOf(nick)
    if (isTaken) taken.add(skeleton)
    else taken.delete(skeleton)
    nicks$.next({ skeleton, isTaken })
  }
  change('ani', true)
  expect(told).toEqual(['730 ani'])

  client.taken = reads.promise
  for (let count = 0; count < 1000; count++) change('budi', count % 2 === 0)
  change('ani', false)
  change('budi', true)
  expect(told).toHaveLength(1)
  client.taken = undefined
  reads.resolve()
  await reads.promise
  expect(told).toEqual(['730 ani', '730 budi', '731 ani'])
  monitors.forget(client)
  change('ani', true)
  expect(told).toHaveLength(3)
})
