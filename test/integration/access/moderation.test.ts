import { expect, test } from 'vitest'
import { curl } from '../../harness/commands.ts'
import { type HostOptions, startHost } from '../../harness/host.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'

const NOT_ALLOWED = /^! NOT_ALLOWED /

/** A room whose host has made ani an op, with budi in it. */
async function room(options: HostOptions = {}) {
  const host = await startHost({ ...options, line: { apartMs: 5, ...options.line } })
  const owner = await host.tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
  const ani = await LineClient.join(host.port, 'ani')
  const budi = await LineClient.join(host.port, 'budi')
  await owner.send({ type: 'op', name: 'ani' })
  await budi.until('* host made ani a moderator')
  return { ...host, owner, ani, budi, enter: (nick: string) => LineClient.join(host.port, nick) }
}

const COMMANDS = [
  ...['kick ani', 'mute ani', 'unmute x', 'ban ani', 'unban x', 'op budi', 'deop ani', 'lock', 'unlock'],
  ...['collect', 'collect on', 'collect off', 'slow 10', 'slow off', 'expire 7d', 'expire off'],
]

test('a member may do nothing that is for operators, and nobody hears of the try', async () => {
  const { ani, budi } = await room()
  for (const command of COMMANDS) {
    const from = budi.errors.length
    budi.write(`/${command}\n`)
    await budi.until(({ errors }) => errors.length > from)
    expect([command, budi.errors.slice(from)]).toEqual([command, [expect.stringMatching(NOT_ALLOWED)]])
  }
  await caughtUp(budi, ani)
  expect(ani.lines.filter((line) => line.startsWith('* budi ') && !/joined|is now/.test(line))).toEqual([])
})

test('/help lists what whoever asks may do', async () => {
  const { ani, budi } = await room()
  const words = async (client: LineClient) => {
    await client.ask('/help', /^\* \/\/text /)
    return client.lines.flatMap((line) => /^\* \/(\w+)/.exec(line)?.[1] ?? [])
  }
  const [op, member] = [await words(ani), await words(budi)]
  expect(op.filter((word) => !member.includes(word)).toSorted()).toEqual(
    'kick mute unmute ban unban op deop lock unlock announce voice unvoice hide full slow expire collect password invite drop'
      .split(' ')
      .toSorted(),
  )
})

test('who is kicked is told by whom and why, is hung up on, and may come back', async () => {
  const { ani, budi, enter } = await room()
  ani.write('/kick budi stop that\n')
  await budi.closed()
  expect(budi.lines.at(-1)).toBe('* kicked by ani: stop that')
  await ani.until('* budi left (kicked by ani: stop that)')
  const again = await enter('budi')
  again.write('halo again\n')
  await ani.until('<budi> halo again')
})

test('nothing that a kicked client still sends reaches the room, lines or files', async () => {
  const { ani, budi } = await room()
  budi.write('SEND late.txt\nDATA')
  await ani.until(/is sending late\.txt/)
  await ani.ask('/kick budi', '* budi left (kicked by ani)')
  budi.write('DATA//AGUEL//TAMTAM//still here\n')
  await budi.closed()
  await ani.until(/^\* late\.txt from budi is gone: /)
  expect(await ani.ask('/files', /^\* \d+ files/)).toMatch(/^\* 0 files/)
  expect(ani.talk).toEqual([])
})

test('C63: who is banned goes, and comes in under that name no more, however it is spelled', async () => {
  const { port, ani, budi } = await room()
  await ani.ask('/ban budi spam', '* budi is banned')
  await budi.closed()
  expect(budi.lines.at(-1)).toBe('* banned by ani: spam')
  const back = await LineClient.join(port)
  for (const nick of ['budi', 'BUDI', 'bud1']) expect(await back.ask(`/nick ${nick}`, /^! /)).toMatch(/^! BANNED /)
  const posted = await curl('-u', 'budi:', '--data-binary', 'halo', `http://127.0.0.1:${port}/rooms/lobby/messages`)
  expect(JSON.parse(posted.stdout.toString())).toMatchObject({ code: 'BANNED' })
  await ani.ask('/unban budi', '* budi is not banned any more')
  await back.ask('/nick budi', '* you are now budi')
})

test('an address that is banned gets no answer from the room but why, by line or by HTTP', async () => {
  const { port, ani } = await room()
  const guest = await LineClient.join(port, undefined, { from: '127.0.0.9' })
  await ani.ask('/ban 127.0.0.9', '* 127.0.0.9 is banned')
  await guest.closed()
  const again = await LineClient.connect(port, { from: '127.0.0.9' })
  again.write('halo\n')
  await again.closed()
  expect(again.lines.at(-1)).toMatch(/^! BANNED /)
  const url = `http://127.0.0.1:${port}/rooms/lobby/events`
  const asked = await curl('--interface', '127.0.0.9', '-w', ' %{http_code}', url)
  expect(asked.stdout.toString()).toMatch(/"code":"BANNED".* 403$/s)
})

test('who is muted reads, and is told why nothing they send is taken', async () => {
  const { port, ani, budi } = await room()
  await ani.ask('/mute budi later', '* budi is muted')
  await budi.until('* ani muted budi: later')
  for (const said of [
    'halo',
    '/me waves',
    '/msg ani psst',
    '/topic songs',
    '/nick cici',
    '/away x',
    'SEND a.txt\nDATA//AGUEL//TAMTAM//',
  ])
    expect(await budi.ask(said, /^! /)).toMatch(/^! MUTED /)
  const url = `http://127.0.0.1:${port}/lobby/a.txt`
  const put = await curl('-u', 'bud1:', '-T', '-', url)
  expect(put.stdout.toString()).toMatch(/NAME_TAKEN|MUTED/)
  await caughtUp(ani, budi)
  await ani.ask('/unmute budi', '* budi is not muted any more')
  budi.write('halo\n')
  await ani.until('<budi> halo')
  expect(ani.talk).toEqual(['<budi> halo'])
})

test('a locked room takes nobody new, and its topic is for ops', async () => {
  const { port, ani, budi } = await room()
  await ani.ask('/lock', '* the room is locked')
  const late = await LineClient.connect(port)
  late.write('halo\n')
  await late.closed()
  expect(late.lines.at(-1)).toMatch(/^! LOCKED /)
  expect(await budi.ask('/topic songs', /^! /)).toMatch(/^! LOCKED /)
  await ani.ask('/topic songs', '* topic set')
  await budi.until('* ani set the topic: songs')
  await ani.ask('/unlock', '* the room is open again')
  await LineClient.join(port)
})

test('ops and who is away are told apart in /who', async () => {
  const { ani, budi } = await room()
  await budi.ask('/away for lunch', /^\* you are away/)
  await ani.until('* budi is away: for lunch')
  expect(await ani.ask('/who', /^\* {3}/)).toBe('*   host (owner), ani (moderator), budi (away: for lunch)')
  await budi.ask('/back', '* you are back')
  await ani.until('* budi is back')
})

test('an op who leaves the room and comes back over the same connection is one again; another of that name is not', async () => {
  const { port, ani, budi } = await room()
  await ani.ask('/join hall', /^\* you are ani in hall/)
  expect(await ani.ask('/lock', /^! /)).toMatch(NOT_ALLOWED)
  await ani.ask('/join lobby', /^\* you are ani in lobby/)
  await ani.ask('/lock', '* the room is locked')
  await ani.ask('/unlock', '* the room is open again')
  const from = budi.lines.length
  ani.write('/quit\n')
  await budi.until(/^\* ani left/, from)
  const other = await LineClient.join(port, 'ani')
  expect(await other.ask('/lock', /^! /)).toMatch(NOT_ALLOWED)
})

test('how much of a file has come is shown by /files', async () => {
  const { ani, owner, budi } = await room()
  budi.write('/put 100 slow.bin\n')
  await ani.until(/is sending slow\.bin/)
  expect(await ani.ask('/files', /slow\.bin/)).toBe('* slow.bin from budi has not all arrived yet')
  expect(owner.files).toMatchObject([{ status: 'offered' }])
})
