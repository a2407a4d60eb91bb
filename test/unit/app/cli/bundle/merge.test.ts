import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Erasure, traceOf } from '#domain/room/erasure.ts'
import { digest } from '#storage/digest.ts'
import { sha256Of } from '../../../../harness/bytes.ts'
import { fileId, person, Shelf } from './carry.ts'

const KEY_REGISTRY = ['ani', 'budi'].map(person)

type Deed =
  | {
      readonly do: 'say' | 'act' | 'whisper' | 'topic'
      readonly at: number
      readonly who: number
      readonly text: string
    }
  | { readonly do: 'file' | 'receive' | 'withdraw'; readonly which: number; readonly who: number }
  | { readonly do: 'exchange' }

interface Happening {
  readonly host: 0 | 1 | 2
  readonly room: 'lobby' | 'yard'
  readonly deed: Deed
}

// Few times and texts, so that equal messages are common.
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('say', 'act', 'whisper', 'topic'),
      at: fc.integer({ min: 1, max: 6 }),
      who: fc.nat(1),
      text: fc.constantFrom('halo', 'ya', 'SEND x'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('file', 'receive', 'withdraw'), which: fc.nat(3), who: fc.nat(1) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('exchange' as const) }) },
)
const happening: fc.Arbitrary<Happening> = fc.record({
  host: fc.constantFrom(0, 1, 2),
  room: fc.constantFrom('lobby', 'yard'),
  deed,
})

async function live(hosts: readonly Shelf[], { host, room, deed }: Happening): Promise<void> {
  const shelf = hosts[host] as Shelf
  if (deed.do === 'exchange') {
    await carry(shelf, hosts[(host + 1) % hosts.length] as Shelf)
    return
  }
  const by = { ...KEY_REGISTRY[deed.who]!, id: `${KEY_REGISTRY[deed.who]!.id.slice(1)}${host}` }
  switch (deed.do) {
    case 'say':
      return await shelf.add(room, { type: 'said', at: deed.at, by, text: deed.text })
    case 'act':
      return await shelf.add(room, { type: 'acted', at: deed.at, by, text: deed.text })
    case 'whisper':
      return await shelf.add(room, { type: 'whispered', at: deed.at, by, to: KEY_REGISTRY[0]!, text: deed.text })
    case 'topic':
      return await shelf.add(room, { type: 'topicSet', at: deed.at, by, topic: deed.text })
  }
  // Each host makes ids of its own; two of the files have the same bytes.
  const id = fileId(`${host} ${room} ${deed.which}`)
  const bytes = Buffer.from(`bytes ${deed.which % 3}`)
  const file = { id, name: `${deed.which}.txt`, size: bytes.length, sha256: sha256Of(bytes) }
  const isHere = (await shelf.fileStore.size(id)) !== undefined
  if (deed.do === 'file' && !isHere && !(await wasHere(shelf, room, id))) {
    await shelf.put(id, bytes)
    await shelf.add(room, { type: 'fileCompleted', at: 3, by, file })
  } else if (deed.do === 'receive' && isHere) await shelf.add(room, { type: 'fileReceived', at: 4, by, file })
}

const wasHere = async (shelf: Shelf, room: string, id: string): Promise<boolean> =>
  (await shelf.entries(room)).some((entry) => 'file' in entry && entry.file.id === id)

async function carry(from: Shelf, to: Shelf): Promise<void> {
  await to.import(await from.export())
}

test('hosts that carry bundles to each other, in any order, end with the same', async () => {
  const order = fc.shuffledSubarray(
    [0, 1, 2].flatMap((from) => [0, 1, 2].filter((to) => to !== from).map((to) => [from, to] as const)),
    { minLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), order, order, async (happenings, first, second) => {
      const hosts = [new Shelf(), new Shelf(), new Shelf()]
      for (const each of happenings) await live(hosts, each)
      for (const [from, to] of [...first, ...second]) await carry(hosts[from]!, hosts[to]!)
      const [one, two, three] = await Promise.all(hosts.map((host) => host.substance()))
      expect(two).toEqual(one)
      expect(three).toEqual(one)
      for (const [from, to] of first)
        expect(await hosts[to]!.import(await hosts[from]!.export())).toEqual({ rooms: 0, messages: 0, files: 0 })
    }),
    { numRuns: 150 },
  )
})

test('an imported entry keeps its author and time, and gets a sequence of the room it comes to', async () => {
  const [here, there] = [new Shelf(), new Shelf()]
  await here.add('lobby', { type: 'said', at: 20, by: person('ani'), text: 'here' })
  await there.add('lobby', { type: 'said', at: 10, by: person('budi'), text: 'there' })
  await carry(there, here)
  expect(await here.entries('lobby')).toEqual([
    { type: 'said', seq: 1, at: 20, by: person('ani'), text: 'here' },
    { type: 'said', seq: 2, at: 10, by: person('budi'), text: 'there' },
  ])
})

test('the same said twice in a millisecond stays twice, and no more', async () => {
  const [here, there] = [new Shelf(), new Shelf()]
  for (const _ of [1, 2]) await there.add('lobby', { type: 'said', at: 10, by: person('budi'), text: 'ya' })
  await carry(there, here)
  await carry(here, there)
  await carry(there, here)
  expect(await here.entries('lobby')).toHaveLength(2)
  expect(await there.entries('lobby')).toHaveLength(2)
})

test('who may do what does not travel: no bundle makes an op, bans or locks', async () => {
  const [here, there] = [new Shelf(), new Shelf()]
  const by = person('mallory')
  await there.add('lobby', { type: 'opped', at: 1, by, to: by, person: 'p' })
  await there.add('lobby', { type: 'banned', at: 2, by, name: 'ani', persons: ['p-of-ani'] })
  await there.add('lobby', { type: 'locked', at: 3, by, persons: ['p-of-budi'] })
  await there.add('lobby', { type: 'shutOut', at: 3, by, person: 'p-of-budi' })
  await there.add('lobby', { type: 'passwordSet', at: 4, by })
  await there.add('lobby', { type: 'said', at: 4, by, text: 'halo' })
  const bundle = await there.export()
  expect(bundle.toString()).not.toMatch(/opped|banned|locked|password|shutOut|p-of-/)
  // What is laid down here stays as it is, with whom it holds for.
  await here.add('lobby', { type: 'locked', at: 5, by: person('ani'), persons: ['p'] })
  await here.import(bundle)
  expect(await here.entries('lobby')).toMatchObject([{ type: 'locked', persons: ['p'] }, { type: 'said' }])
})

test('a file that was withdrawn here is not brought back', async () => {
  const [here, there] = [new Shelf(), new Shelf()]
  const bytes = Buffer.from('bytes')
  const file = { id: fileId('a'), name: 'a.txt', size: bytes.length, sha256: sha256Of(bytes) }
  for (const shelf of [here, there]) {
    await shelf.put(file.id, bytes)
    await shelf.add('lobby', { type: 'fileCompleted', at: 1, by: person('ani'), file })
  }
  await here.add('lobby', { type: 'fileWithdrawn', at: 2, by: person('ani'), file, reason: 'gone' })
  await here.fileStore.remove(file.id)
  expect(await here.import(await there.export())).toEqual({ rooms: 0, messages: 0, files: 0 })
  expect(await here.fileStore.size(file.id)).toBeUndefined()
})

test('a room that has forgotten its oldest messages does not take them back', async () => {
  const [here, there] = [new Shelf(), new Shelf()]
  for (let at = 1; at <= 10; at++) await here.add('lobby', { type: 'said', at, by: person('ani'), text: `${at}` })
  await carry(here, there)
  await here.journal.trim('lobby', 5)
  expect(await here.import(await there.export())).toEqual({ rooms: 0, messages: 0, files: 0 })
})

test('files of the same bytes are in a bundle once, and come back as two', async () => {
  const [here, there] = [new Shelf(), new Shelf()]
  const bytes = Buffer.from('the same bytes')
  for (const name of ['a', 'b']) {
    await there.put(fileId(name), bytes)
    const file = { id: fileId(name), name: `${name}.txt`, size: bytes.length, sha256: sha256Of(bytes) }
    await there.add('lobby', { type: 'fileCompleted', at: 1, by: person('ani'), file })
  }
  const bundle = await there.export()
  expect(bundle.toString().split('the same bytes')).toHaveLength(2)
  expect(await here.import(bundle)).toMatchObject({ files: 2 })
  for (const name of ['a', 'b']) expect(await here.fileStore.size(fileId(name))).toBe(bytes.length)
})

const remove = (seq: number, target: number): Erasure => ({
  ...{ type: 'messageRemoved', seq, at: 9, by: person('budi'), target },
})
const textsOf = async (shelf: Shelf): Promise<string[]> =>
  (await shelf.entries('lobby')).map((entry) => ('text' in entry ? entry.text : entry.type))

test('a message that was removed here is not brought back, does not travel, and nothing else is lost', async () => {
  // All within one millisecond, of one person, and some the same.
  const message = fc.record({
    type: fc.constantFrom('said', 'acted', 'whispered'),
    at: fc.constantFrom(1, 2),
    who: fc.nat(1),
    text: fc.constantFrom('ya', 'tidak', 'SEND x', ...Array.from({ length: 20 }, (_, index) => `kata ${index}`)),
  })
  const targets = fc.array(fc.nat(19), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 20 }), targets, async (messages, removed) => {
      const [here, there] = [new Shelf(), new Shelf()]
      for (const { type, at, who, text } of messages)
        for (const shelf of [here, there]) {
          const fact = { at, by: KEY_REGISTRY[who]!, text }
          await shelf.add(
            'lobby',
            type === 'whispered' ? { ...fact, type, to: person('citra') } : { ...fact, type: type as 'said' },
          )
        }
      const gone = new Set(removed.map((index) => (index % messages.length) + 1))
      await here.journal.erase(
        'lobby',
        [...gone].map((target, index) => remove(100 + index, target)),
      )
      const left = messages.map(({ text }, index) => (gone.has(index + 1) ? 'erased' : text))
      expect(await textsOf(here)).toEqual(left)
      for (let time = 0; time < 2; time++) {
        expect(await here.import(await there.export())).toEqual({ rooms: 0, messages: 0, files: 0 })
        expect(await textsOf(here)).toEqual(left)
      }
      // A third host gets what is left, and what the other one says since comes all the same.
      const third = new Shelf()
      await carry(here, third)
      expect(await textsOf(third)).toEqual(left.filter((text) => text !== 'erased'))
      await there.add('lobby', { type: 'said', at: 3, by: KEY_REGISTRY[0]!, text: 'baru' })
      await carry(there, here)
      expect(await textsOf(here)).toEqual([...left, 'baru'])
    }),
    { numRuns: 60 },
  )
})

test('a trace does not tell a text: one of 64 others has the same', () => {
  const message = { type: 'said', seq: 1, at: 1, by: person('ani'), text: 'ya' } as const
  const trace = traceOf(message, digest)
  const alike = Array.from({ length: 6400 }, (_, index) => traceOf({ ...message, text: `${index}` }, digest)).filter(
    (each) => each === trace,
  )
  expect(alike.length).toBeGreaterThan(50)
  expect(alike.length).toBeLessThan(200)
  expect(traceOf({ ...message, at: 2 }, digest).slice(0, -1)).not.toBe(trace.slice(0, -1))
})

test('a room that was cleared takes nothing back, and forgets nothing of the other', async () => {
  const [here, there] = [new Shelf(), new Shelf()]
  for (let at = 1; at <= 5; at++) await here.add('lobby', { type: 'said', at, by: person('ani'), text: `${at}` })
  await carry(here, there)
  await here.journal.erase('lobby', [{ type: 'cleared', seq: 6, at: 6, by: person('ani'), upTo: 5 }])
  expect(await here.import(await there.export())).toEqual({ rooms: 0, messages: 0, files: 0 })
  expect(await there.import(await here.export())).toEqual({ rooms: 0, messages: 0, files: 0 })
  expect(await textsOf(there)).toEqual(['1', '2', '3', '4', '5'])
})
