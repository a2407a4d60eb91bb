import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sha256Of } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'
import { SeedClient } from '../../harness/seed-client.ts'

// The file of which the seed delivered none of 30 exactly.
const FILE_BYTES = 11_500_000
const FILES_A_ROOM = 2
/** The seed takes for one what it reads at once: it must have its turn in each of the silences, on a busy machine too. */
const APART = { apartMs: 600, files: 'auto' } as const
const ROOMS = ['one', 'two', 'three', 'four']

/** Random, with what looks like parts of the end mark in it and, every other time, at its end; never with all of it. */
function content(index: number): Buffer {
  const bytes = randomBytes(FILE_BYTES + index)
  for (const [at, part] of ['//AGUEL//TAMTAM/.', '//AGUEL//AGUEL', '/', '//AGUEL//TAMTAM\n', 'SEND x\n'].entries())
    bytes.write(part, 2048 * (1000 * at + 7) - at)
  if (index % 2 === 0) bytes.write('//AGUEL//TAMT', bytes.length - 13)
  return bytes
}

async function filesFor(room: string, count: number) {
  const directory = await temporaryDirectory()
  const files: { name: string; path: string; bytes: number; sha256: string }[] = []
  for (let index = 0; index < count; index++) {
    const bytes = content(index)
    const name = `${room}-${index}.bin`
    const path = join(directory, name)
    await writeFile(path, bytes)
    files.push({ name, path, bytes: bytes.length, sha256: sha256Of(bytes) })
  }
  return files
}

async function seedIn(port: number, room: string): Promise<SeedClient> {
  const seed = await SeedClient.connect(port)
  seed.say(`/join ${room}`)
  await seed.until((client) => client.printed.includes(` in ${room}: `))
  return seed
}

/** Says numbered lines for as long as `talking`, and answers how many. */
async function chat(speaker: LineClient, talking: () => boolean): Promise<number> {
  let said = 0
  while (talking()) {
    speaker.write(`chat ${said++}\n`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return said
}

const chatOf = (seed: SeedClient): string[] => seed.printed.split('\n').filter((line) => line.includes('> chat '))

test(`C20, C27, C28: the seed's client gets ${ROOMS.length * FILES_A_ROOM} of ${ROOMS.length * FILES_A_ROOM} files exact, and all chat in order`, async () => {
  const { port } = await startHost({ stores: 'kept', line: APART })
  const inRoom = async (room: string) => {
    const [sender, ...receivers] = [await seedIn(port, room), await seedIn(port, room), await seedIn(port, room)]
    const speaker = await LineClient.join(port, `talker-${room}`, { keepBytes: false })
    await speaker.ask('/files links', /^\* files come/)
    await speaker.ask(`/join ${room}`, new RegExp(` in ${room}: 4 here`))
    const files = await filesFor(room, FILES_A_ROOM)
    let talking = true
    const chatting = chat(speaker, () => talking)
    for (const [index, { name, path }] of files.entries()) {
      await sender?.send(name, path)
      await Promise.all(receivers.map((seed) => seed.until(() => seed.saved.length > index)))
    }
    talking = false
    const said = await chatting
    speaker.write('chat is over\n')
    const all = Array.from({ length: said }, (_, index) => `<talker-${room}> chat ${index}`)
    for (const seed of receivers) {
      await seed.until(() => seed.printed.includes('chat is over\n'))
      expect(seed.saved).toEqual(
        files.map(({ name, bytes, sha256 }) => ({ name, size: bytes, sha256, after: expect.any(Number) })),
      )
      expect(chatOf(seed).slice(0, -1)).toEqual(all)
    }
    expect(sender?.saved).toEqual([])
    await sender?.until((seed) => seed.printed.includes('chat is over\n'))
    expect(chatOf(sender as SeedClient).slice(0, -1)).toEqual(all)
  }
  await Promise.all(ROOMS.map(inRoom))
})

test('C29: two seed clients send at once, and a third gets both exact', async () => {
  const { port } = await startHost({ stores: 'kept', line: APART })
  const seeds = [await seedIn(port, 'hall'), await seedIn(port, 'hall'), await seedIn(port, 'hall')] as const
  const [one, two] = await filesFor('hall', 2)
  if (one === undefined || two === undefined) throw new Error('there are two files')
  await Promise.all([seeds[0].send(one.name, one.path), seeds[1].send(two.name, two.path)])
  await seeds[2].until((seed) => seed.saved.length === 2)
  await seeds[0].until((seed) => seed.saved.length === 1)
  await seeds[1].until((seed) => seed.saved.length === 1)
  const saved = (seed: SeedClient) => new Map(seed.saved.map(({ name, sha256 }) => [name, sha256]))
  expect(saved(seeds[2])).toEqual(
    new Map([
      [one.name, one.sha256],
      [two.name, two.sha256],
    ]),
  )
  expect(saved(seeds[0])).toEqual(new Map([[two.name, two.sha256]]))
  expect(saved(seeds[1])).toEqual(new Map([[one.name, one.sha256]]))
})

test('C26, C27: small files, and sizes at the border of what the seed reads at once, arrive exact', async () => {
  const { port } = await startHost({ stores: 'kept', line: APART })
  const receiver = await seedIn(port, 'hall')
  const sender = await LineClient.join(port, 'ani')
  await sender.ask('/join hall', / in hall: 2 here/)
  const bodies = [0, 2047, 2048, 2049, 65_536].map((size) => randomBytes(size))
  for (const [index, body] of bodies.entries()) sender.write(`/put ${body.length} f${index}\n`).write(body)
  await receiver.until((seed) => seed.saved.length === bodies.length)
  expect(receiver.saved.map(({ name, sha256 }) => [name, sha256])).toEqual(
    bodies.map((body, index) => [`f${index}`, sha256Of(body)]),
  )
})

test('C16: text with SEND in it, from anywhere, starts no file at the seed’s client', async () => {
  const { port } = await startHost({ line: APART })
  const seed = await seedIn(port, 'hall')
  // Who has sent a file as the seed does gets files so, whatever its user types.
  await seed.send('own', (await filesFor('own', 1))[0]?.path ?? '')
  const ani = await LineClient.join(port)
  await ani.ask('/nick SENDER', /^\* you are now S.?ENDER$/)
  await ani.ask('/join hall', / in hall: 2 here/)
  ani.write('please SEND it\n/topic SEND more\n/me SENDs\n/msg 127.0.0.1 SEND\n')
  seed.say('/SEND')
  seed.say('/who')
  seed.say('/topic')
  seed.say('/help')
  ani.write('over\n')
  await seed.until((client) => client.printed.includes('> over\n') && client.printed.includes('//text'))
  ani.write('/put 4 aSENDb\nDATA')
  await seed.until((client) => client.saved.length === 1)
  expect(seed.saved).toEqual([expect.objectContaining({ name: 'aSENDb', sha256: sha256Of('DATA') })])
})
