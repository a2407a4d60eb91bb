import { expect, expectTypeOf, test } from 'vitest'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { command, eventKinds, events, eventsOverHttp, oneOf, parsed } from '#protocol/schema.ts'
import { clientSamples, hostSamples } from './samples.ts'

/** Of a host's own, and in no answer of it. */
type Hidden = 'persons' | 'owner' | 'home' | 'trace'
type Told = Exclude<RoomEvent, { type: 'shutOut' }>
type Keys<One> = One extends unknown ? Exclude<keyof One, Hidden> : never
type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false
type Alike<Schema, Domain> = Same<Schema, Domain> & Same<Keys<Schema>, Keys<Domain>>

type Read<Schema extends { readonly '~types'?: { readonly output: unknown } | undefined }> = NonNullable<
  Schema['~types']
>['output']
const anEvent = oneOf(eventKinds)
type ReadEvent<Type> = Extract<Read<typeof anEvent>, { type: Type }>
type ReadCommand<Type> = Extract<Read<typeof command>, { type: Type }>

test('the schema has the events and commands of the domain, with their fields, and no others', () => {
  expectTypeOf<{ [T in Told['type']]: Alike<ReadEvent<T>, Extract<Told, { type: T }>> }>().toEqualTypeOf<{
    [T in Told['type']]: true
  }>()
  expectTypeOf<Read<typeof anEvent>['type']>().toEqualTypeOf<Told['type']>()
  expectTypeOf<{
    [T in ClientCommand['type']]: Alike<ReadCommand<T>, Extract<ClientCommand, { type: T }>>
  }>().toEqualTypeOf<{ [T in ClientCommand['type']]: true }>()
  expectTypeOf<Read<typeof command>['type']>().toEqualTypeOf<ClientCommand['type']>()
  expect(Object.keys(eventKinds)).toHaveLength(43)
})

test('every event is read the same over HTTP, with the address of its file', () => {
  const told = Object.values(hostSamples).flatMap((sample) => (sample.type === 'batch' ? sample.events : []))
  expect(new Set(told.map(({ type }) => type))).toEqual(new Set(Object.keys(eventKinds)))
  expect(parsed(events, told)).toEqual(told)
  const withUrls = told.map((event) =>
    'file' in event ? { ...event, file: { ...event.file, url: '/files/x' } } : event,
  )
  expect(parsed(eventsOverHttp, withUrls)).toEqual(withUrls)
})

test('every command is read as it was written', () => {
  for (const sample of Object.values(clientSamples))
    if (sample.type === 'command') expect(parsed(command, sample.command)).toEqual(sample.command)
})
