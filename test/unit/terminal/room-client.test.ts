import { describe, expect, onTestFinished, test } from 'vitest'
import type { LocalSession } from '#domain/engine/session.ts'
import { forTerminal } from '#domain/names/text.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { executeCommand } from '#terminal/execute-command.ts'
import type { TerminalOptions } from '#terminal/options.ts'
import type { FileTransfers, HostControls } from '#terminal/ports.ts'
import { RoomClient } from '#terminal/room-client.ts'
import { themes } from '#terminal/rows.ts'
import { pieces } from '../../harness/bytes.ts'
import { type HouseOptions, openHouse } from '../../harness/house.ts'
import { noControls } from '../../harness/no-controls.ts'
import { turns } from '../../harness/turns.ts'

const screen: TerminalOptions = {
  events: 'rows',
  waits: true,
  paint: undefined,
  time: false,
  tall: true,
  echo: true,
  live: true,
  divider: true,
  history: 0,
}

/** Files go straight into the room, but for one that never gets there; none come. */
const desk = (session: LocalSession): FileTransfers => ({
  early: false,
  autoBytes: 0,
  send: (name) => (name === 'besar' ? new Promise(() => {}) : session.upload(pieces('isi'), { name }).done),
  receive: async () => ({ type: 'rejected', code: 'NO_SUCH_FILE', message: 'there is none' }),
})

/** Ani at a screen, in a room with Budi. */
async function atScreen(
  manner: Partial<TerminalOptions> = {},
  options: HouseOptions = {},
  host: HostControls = noControls,
) {
  const house = await openHouse(options)
  const [session, budi] = [await house.join('ani'), await house.join('budi')]
  const rows: string[] = []
  let bells = 0
  const client = new RoomClient({
    session,
    files: desk(session),
    words: translatorFor('en', forTerminal),
    clock: house.clock,
    output: {
      print: (row) => rows.push(row),
      notice: (row) => rows.push(row),
      bell: () => bells++,
      changed: () => {},
    },
    options: { ...screen, ...manner },
    host,
  })
  await client.start()
  onTestFinished(() => client.end({ type: 'quit' }))
  const says = async (text: string, who: LocalSession = budi) => {
    await who.send({ type: 'say', text })
    await turns(2)
  }
  const types = async (line: string) => {
    await executeCommand(client, line)
    await turns(2)
  }
  /** What was shown since the last time. */
  const seen = () => rows.splice(0)
  return { ...house, client, session, budi, says, types, seen, rang: () => bells }
}

describe('the bell', () => {
  test('rings for whoever is named or whispered to, and at most once in five seconds', async () => {
    const { says, budi, clock, rang } = await atScreen()
    await says('halo semua')
    await says('romani itu bukan nama')
    expect(rang()).toBe(0)
    await says('halo ani!')
    await says('ANI?')
    expect(rang()).toBe(1)
    clock.advance(5000)
    await budi.send({ type: 'whisper', to: 'ani', text: 'pst' })
    await turns(2)
    expect(rang()).toBe(2)
  })

  test('rings for everything with all, for nothing with off, and never for oneself', async () => {
    const { says, types, clock, seen, rang } = await atScreen()
    await types('/bell all')
    await says('halo')
    await types('ani bicara sendiri')
    expect(rang()).toBe(1)
    await types('/bell off')
    clock.advance(60_000)
    await says('ani!')
    expect(rang()).toBe(1)
    seen()
    await types('/bell loud')
    expect(seen()).toEqual(['! type /bell off|mention|all'])
  })

  test('rings when what one sends is there', async () => {
    const { types, seen, rang } = await atScreen()
    await types('/send lagu.mp3')
    expect(rang()).toBe(1)
    expect(seen().at(-1)).toMatch(/^\* ani sent lagu\.mp3 \(3 B\) {2}\/get \w{8}$/)
  })
})

describe('where one stopped reading', () => {
  test('is marked once, before the first news, for whoever has touched no key for a minute', async () => {
    const { says, client, clock, seen } = await atScreen()
    await says('satu')
    clock.advance(60_000)
    await says('dua')
    await says('tiga')
    expect(seen()).toEqual([
      '<budi> satu',
      expect.stringMatching(/^──── new since \d\d:\d\d ────$/),
      '<budi> dua',
      '<budi> tiga',
    ])
    client.attention.touch()
    await says('empat')
    clock.advance(60_000)
    await says('lima')
    expect(seen()).toEqual(['<budi> empat', expect.stringMatching(/^──── new/), '<budi> lima'])
  })

  test('is marked by what others say only, and not where there is no screen', async () => {
    const { types, clock, seen } = await atScreen()
    clock.advance(60_000)
    await types('sendiri')
    expect(seen()).toEqual(['<ani> sendiri'])
    const plain = await atScreen({ divider: false, echo: false })
    plain.clock.advance(60_000)
    await plain.says('halo')
    expect(plain.seen()).toEqual(['<budi> halo'])
  })
})

describe('C4: whoever leaves', () => {
  const ended = async (client: RoomClient) =>
    await Promise.race([client.ended.then(({ type }) => type), turns(2).then(() => 'still there')])

  test('the host’s own terminal while others are in is asked once more, and again after a while', async () => {
    const bandwidth = { caps: { host: 0, transfer: 0 }, set: () => {} }
    const { client, types, seen, clock } = await atScreen({}, {}, { ...noControls, bandwidth })
    await types('/quit')
    expect(seen().at(-1)).toBe('* 1 person is here: once more, and the room stops')
    clock.advance(10_000)
    await types('/quit')
    expect(await ended(client)).toBe('still there')
    client.leave({ type: 'quit' })
    expect(await ended(client)).toBe('quit')
  })

  test('so is whoever sends a file that is on its way; nobody else is, and no pipe', async () => {
    const [sending, idle, pipe] = [await atScreen(), await atScreen(), await atScreen({ live: false })]
    void sending.client.transfers.send('besar', 'besar', undefined, () => false)
    for (const each of [sending, idle, pipe]) await each.types('/quit')
    expect(await ended(sending.client)).toBe('still there')
    expect(sending.seen().at(-1)).toBe('* a file is still on its way from here: once more, and you leave')
    for (const each of [idle, pipe]) expect(await ended(each.client)).toBe('quit')
  })
})

describe('code', () => {
  test('stands in its colour, and a block below the name, behind a bar', async () => {
    const { says, seen } = await atScreen({ paint: themes.colour })
    await says('run `npm start` now')
    await says('so:\n```js\nconst a = `b`\n\tif\n```\ndone')
    await says('```\none\n```')
    const plain = seen().map((row) => row.replaceAll(/\x1b\[38;5;(?!130)\d+m|\x1b\[2m|\x1b\[22m/g, ''))
    expect(plain.map((row) => row.replaceAll('\x1b[39m', '.'))).toEqual([
      '<budi.> run \x1b[38;5;130mnpm start. now',
      '<budi.> so:\n    │ const a = `b`\n    │ \tif\n    done',
      '<budi.> \n    │ one',
    ])
    const mono = await atScreen({ paint: themes.mono })
    await mono.says('run `npm start`')
    expect(mono.seen()).toEqual(['<\x1b[1mbudi\x1b[22m> run `npm start`'])
  })
})

describe('slash words', () => {
  test('hide a member, and show them again', async () => {
    const { says, types, seen } = await atScreen()
    await types('/ignore Budi')
    await says('tidak terlihat')
    await types('/ignore')
    await types('/ignore budi')
    await says('terlihat')
    expect(seen()).toEqual([
      '* nothing of Budi is shown from now on; /ignore Budi shows it again',
      '* not shown: budi',
      '* budi is shown again',
      '<budi> terlihat',
    ])
  })

  test('show the time, and hide it', async () => {
    const { says, types, seen } = await atScreen()
    await types('/time on')
    await says('pagi')
    await types('/time off')
    await says('siang')
    expect(seen()).toEqual([
      '* times are shown',
      expect.stringMatching(/^\d\d:\d\d <budi> pagi$/),
      '* times are not shown',
      '<budi> siang',
    ])
  })

  test('choose the colours, where there may be any', async () => {
    const { says, types, seen } = await atScreen({ paint: themes.colour })
    await types('/theme mono')
    await says('ani?')
    await types('/theme neon')
    const [chosen, said, wrong] = seen()
    expect(chosen).toContain('the theme is mono; there are colour, mono')
    expect(said).toBe('<\x1b[1mbudi\x1b[22m> \x1b[7mani?\x1b[27m')
    expect(wrong).toContain('the theme is mono')
    const without = await atScreen()
    await without.types('/theme colour')
    await without.says('halo')
    expect(without.seen().join('')).not.toContain('\x1b')
  })

  test('tell that one is away and back, and say why something is not done', async () => {
    const { budi, types, seen, session } = await atScreen()
    await types('/away makan')
    expect(budi.members.find(({ name }) => name === 'ani')?.away).toBe('makan')
    await types('/who')
    await types('/away')
    expect(session.members.find(({ name }) => name === 'ani')?.away).toBeUndefined()
    await types('/kick budi')
    expect(seen()).toEqual([
      '* ani is away: makan',
      '* 2 are here: ani (away: makan), budi',
      '* ani is back',
      expect.stringMatching(/^! permission denied: only moderators/),
    ])
  })
})

const rename = (session: LocalSession, name: string) => session.send({ type: 'rename', name })

describe('a file', () => {
  test('is one row: who sent it, and where it was saved; its digest is in /files', async () => {
    const { budi, client, types, seen } = await atScreen({}, {})
    const { done } = budi.upload(pieces('isi'), { name: 'a.txt', size: 3 })
    await done
    await turns(4)
    // It can not be saved here: the row says how it is had.
    expect(seen()).toEqual([expect.stringMatching(/^\* budi sent a\.txt \(3 B\) {2}\/get \w{8}$/)])
    await types('/files')
    expect(seen().join()).toMatch(/^\* \[\w{8}\] a\.txt from budi: 3 B, sha256 [0-9a-f]{64}$/)
    expect(client.transfers.lines(80, client.words, () => 1)).toEqual([])
  })

  test('that is here already is said to be, and no receipts are waited for', async () => {
    const { budi, client, types, seen } = await atScreen()
    await budi.upload(pieces('isi'), { name: 'lagu.mp3', size: 3 }).done
    await turns(4)
    seen()
    const sent = await client.session.listFiles()
    const known = sent[0]?.file
    client.transfers.send = async () => ({ ...known, size: 3, sha256: 'x' }) as never
    await types('/send lagu.mp3')
    expect(seen()).toEqual([`* lagu.mp3 is here already; /get ${known?.id.slice(0, 8)}`])
  })
})

describe('who is there', () => {
  test('in a large room is told of together: who came and went again is no news', async () => {
    const { join, clock, seen } = await atScreen()
    for (let number = 3; number <= 20; number++) await join(`tamu-${number}`)
    await turns(2)
    expect(seen()).toHaveLength(18)
    const [dewi] = [await join('dewi'), await join('eko'), await join('fajar')]
    await dewi.close()
    await turns(2)
    expect(seen()).toEqual([])
    clock.advance(3000)
    expect(seen()).toEqual(['* 2 people joined: eko, fajar'])
    const guests = await Promise.all(Array.from({ length: 15 }, (_, number) => join(`tamu-${30 + number}`)))
    clock.advance(3000)
    seen()
    const [gita] = [await join('gita'), ...(await Promise.all(guests.map((guest, n) => rename(guest, `baru-${n}`))))]
    await Promise.all([rename(gita, 'hana'), ...guests.slice(2).map((guest) => guest.close())])
    await turns(2)
    clock.advance(3000)
    expect(seen()).toEqual([
      '* 1 person joined: hana',
      '* tamu-30 is now baru-0',
      '* tamu-31 is now baru-1',
      expect.stringMatching(/^\* 13 people left: tamu-32, tamu-33, .*, …$/),
    ])
    const many = await Promise.all(Array.from({ length: 13 }, (_, number) => join(`lagi-${number}`)))
    clock.advance(3000)
    seen()
    await Promise.all(many.map((guest, number) => rename(guest, `akhir-${number}`)))
    await turns(2)
    clock.advance(3000)
    expect(seen()).toEqual(['* 13 people have new names'])
  })

  test('and typing is shown until it is said, or for a while', async () => {
    const { budi, says, client, clock } = await atScreen()
    budi.post([{ type: 'typing' }])
    await turns(2)
    expect(client.writers.names()).toEqual(['budi'])
    await says('halo')
    expect(client.writers.names()).toEqual([])
    budi.post([{ type: 'typing' }])
    await turns(2)
    clock.advance(60_000)
    expect(client.writers.names()).toEqual([])
  })

  test('sending: how far it is stands below the lines, and is gone when the file is whole', async () => {
    const { budi, client, clock } = await atScreen()
    const [more, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    async function* slowly() {
      yield Buffer.alloc(200)
      await more.promise
      yield Buffer.alloc(210)
      await rest.promise
      yield Buffer.alloc(590)
    }
    const upload = budi.upload(slowly(), { name: 'besar.bin', size: 1000 })
    await turns(4)
    clock.advance(3000)
    more.resolve()
    await turns(4)
    expect(client.transfers.lines(80, client.words, () => 1).join('\n')).toMatch(/^budi ↑ besar\.bin {2}41% \|████ /)
    rest.resolve()
    await upload.done
    await turns(4)
    expect(client.transfers.lines(80, client.words, () => 1)).toEqual([])
  })
})
