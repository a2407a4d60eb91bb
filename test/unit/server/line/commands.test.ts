import { describe, expect, it } from 'vitest'
import { openLineHouse } from '../../../harness/line-house.ts'
import { scene, typed } from './scene.ts'

const USAGE = (what: string) => `! BAD_COMMAND type ${what}\n`
const EMPTY = '! BAD_TEXT There is no text in this message. Write something before you send it.\n'
const NOBODY = '! NO_SUCH_MEMBER nobody of that name is here; /who lists who is\n'
const NOT_ALLOWED = /^! NOT_ALLOWED permission denied: only moderators can do that/
const NO_FILE = '! NO_SUCH_FILE no one file is called so, or has an id that begins so; /files lists them\n'

describe('each slash word', () => {
  // What ani types, what ani gets, what budi sees.
  const table: readonly (readonly [string, string | RegExp, string])[] = [
    ['halo', '', '<ani> halo\n'],
    ['//etc/hosts', '', '<ani> /etc/hosts\n'],
    ['/nick anita', '* you are now anita\n', '* ani is now anita\n'],
    ['/nick  anita ', '* you are now anita\n', '* ani is now anita\n'],
    ['/NICK anita', '* you are now anita\n', '* ani is now anita\n'],
    ['/nick', /^! BAD_NAME /, ''],
    ['/nick a b', /^! BAD_NAME /, ''],
    ['/nick Budi', /^! NAME_TAKEN /, ''],
    ['/nick 10.0.0.9', /^! BAD_NAME /, ''],
    ['/me waves', '', '* ani waves\n'],
    ['/me', EMPTY, ''],
    ['/msg budi psst', '* to budi: psst\n', '* ani whispers: psst\n'],
    ['/msg budi  two  words', '* to budi: two  words\n', '* ani whispers: two  words\n'],
    ['/msg', USAGE('/msg name text'), ''],
    ['/msg budi', USAGE('/msg name text'), ''],
    ['/msg budi ', EMPTY, ''],
    ['/msg cici psst', NOBODY, ''],
    ['/topic', '* no topic is set\n', ''],
    ['/topic songs', '* topic set\n', '* ani set the topic: songs\n'],
    ['/who', '* 2 in lobby:\n*   ani, budi\n', ''],
    ['/history', '* history of lobby:\n* end of history\n', ''],
    ['/history 0', USAGE('/history [n], with n from 1 to 500'), ''],
    ['/history x', USAGE('/history [n], with n from 1 to 500'), ''],
    ['/history 1.5', USAGE('/history [n], with n from 1 to 500'), ''],
    ['/search', USAGE('/search words'), ''],
    ['/search nothing', '* found 0 lines:\n* end of search\n', ''],
    ['/files', '* 0 files in lobby; /get brings one here\n', ''],
    ['/files links', '* files come as a line that names them\n', ''],
    ['/files inline', '* files come as bytes, right here\n', ''],
    ['/files sideways', USAGE('/files [links|inline]'), ''],
    ['/get', NO_FILE, ''],
    ['/get 0', NO_FILE, ''],
    ['/join lobby', '* you are in lobby already\n', ''],
    ['/join #LOBBY', '* you are in lobby already\n', ''],
    ['/join ../x', /^! BAD_ROOM /, ''],
    ['/join', /^! BAD_ROOM /, ''],
    ['/join kitchen', '* you are ani in kitchen: 1 here. /help tells what to type\n', '* ani left\n'],
    ['/away', '* you are away; /back when you are here again\n', '* ani is away\n'],
    ['/away for lunch', '* you are away; /back when you are here again\n', '* ani is away: for lunch\n'],
    ['/back', '* you are back\n', ''],
    ['/back home', USAGE('/back'), ''],
    ['/kick', USAGE('/kick name [reason]'), ''],
    ['/kick budi', NOT_ALLOWED, ''],
    ['/unmute a b', USAGE('/unmute name'), ''],
    ['/ban budi', NOT_ALLOWED, ''],
    ['/op ani', NOT_ALLOWED, ''],
    ['/lock', NOT_ALLOWED, ''],
    ['/lock now', USAGE('/lock [entry|topic]'), ''],
    ['/collect', NOT_ALLOWED, ''],
    ['/collect on', NOT_ALLOWED, ''],
    ['/collect now', USAGE('/collect [on|off]'), ''],
    ['/part', '* you left lobby; /join brings you to a room\n', '* ani left\n'],
    ['/put', /^! BAD_COMMAND say: \/put \[@nick\] <size in bytes> <name>/, ''],
    ['/put -1 a', /^! BAD_COMMAND say: \/put /, ''],
    ['SEND', /^! BAD_COMMAND S\u200bEND needs a name/, ''],
    ['/xyzzy', /^! BAD_COMMAND no such command: \/help lists what there is/, ''],
    ['/topc new', /^! BAD_COMMAND no such command: \/help/, ''],
    ['/nickname x', /^! BAD_COMMAND no such command: did you mean \/nick name\?/, ''],
    ['/hist', /^! BAD_COMMAND no such command: did you mean \/history \[n\]\?/, ''],
    ['/', /^! BAD_COMMAND no such command: \/help .*type \/\/ first/, ''],
    ['/ halo', /^! BAD_COMMAND no such command: \/help/, ''],
    ['/1', /^! BAD_COMMAND no such command: \/help/, ''],
    ['', '', ''],
  ]
  for (const [line, own, others] of table)
    it(`"${line}" answers "${String(own).trim().slice(0, 60)}" and shows "${others.trim()}"`, async () => {
      const [got, seen] = await typed(await scene(), line)
      if (typeof own === 'string') expect(got).toBe(own)
      else expect(got).toMatch(own)
      expect(got).toMatch(/^([*!] .*\n)*$/)
      expect(seen).toBe(others)
    })
})

describe('help', () => {
  it('lists every word that a member may use, one a line, and none that would begin a file for the seed', async () => {
    const [help, seen] = await typed(await scene(), '/help')
    const words = [...help.matchAll(/^\* \/(\w+)/gm)].map(([, word]) => word)
    expect(words.toSorted()).toEqual(
      'away back files get help history join lang me msg nick part put quit remove search token topic who'.split(' '),
    )
    expect(help).toMatch(/^\* S\u200bEND name/m)
    expect(help).not.toContain('SEND')
    expect(seen).toBe('')
  })
})

describe('the topic', () => {
  it('greets who comes', async () => {
    const made = await scene()
    await typed(made, '/topic songs')
    made.budi.type('/topic', '/join kitchen', '/join lobby')
    await made.calm()
    const got = made.budi.take()
    expect(got).toContain('* topic: songs\n')
    expect(got).toMatch(
      /you are budi in lobby: 2 here, 1 so far \(\/history\)\. \/help tells what to type\n\* topic: songs\n/,
    )
  })
})

describe('history and search', () => {
  it('show own lines, deeds and files as lines, oldest first', async () => {
    const made = await scene()
    await typed(made, 'one fish', '/me fishes', '/put 4 fish.txt', 'halotwo')
    await typed(made, '/files links')
    const [history] = await typed(made, '/history')
    expect(history.split('\n')).toEqual([
      '* history of lobby:',
      '<ani> one fish',
      '* ani fishes',
      '* ani is sending fish.txt (4 B)',
      expect.stringMatching(/^\* file \[[0-9a-f]{8}\] fish\.txt from ani: 4 B, sha256 [0-9a-f]{64}$/),
      '<ani> two',
      '* end of history',
      '',
    ])
    expect((await typed(made, '/history 1'))[0]).toBe('* history of lobby:\n<ani> two\n* end of history\n')
    const [found] = await typed(made, '/search fish')
    expect(found).toContain('* found 3 lines:\n<ani> one fish\n* ani fishes\n* file [')
    expect((await typed(made, '/search ONE FI'))[0]).toBe('* found 1 line:\n<ani> one fish\n* end of search\n')
  })
  it('show no more than there may be', async () => {
    const house = await openLineHouse({ line: { historyLines: 2, maxHistoryLines: 3 } })
    const ani = await house.enter('ani')
    ani.type('a', 'b', 'c', 'd')
    await house.calm()
    const lines = async (line: string) => {
      ani.type(line)
      await house.calm()
      return ani.take().split('\n').length - 3
    }
    expect([await lines('/history'), await lines('/history 99'), await lines('/history 1')]).toEqual([2, 3, 1])
  })
  it('keep whispers between those who share them', async () => {
    const made = await scene()
    const cici = await made.enter('cici')
    await typed(made, '/msg budi psst')
    for (const each of [made.budi, cici]) each.type('/history', '/search psst')
    await made.calm()
    expect(made.budi.take()).toContain('* ani whispers: psst\n')
    expect(cici.take()).not.toContain('psst')
  })
})

describe('files', () => {
  it('are listed with what /get needs, and come once more when they are asked for', async () => {
    const made = await scene()
    await typed(made, '/put 4 a b.txt', 'halo')
    expect(made.budi.bytes).toContain('SEND a_b.txt\nhalo//AGUEL//TAMTAM//')
    await typed(made, '')
    made.budi.type('/files')
    await made.calm()
    const list = made.budi.take()
    const [, id = ''] = /\[([0-9a-f]+)\] a b\.txt from ani: 4 B/.exec(list) ?? []
    expect(list).toMatch(/^\* 1 file in lobby/)
    made.budi.type(`/get ${id.toUpperCase()}`)
    await made.calm()
    expect(made.budi.take()).toBe('SEND a_b.txt\nhalo//AGUEL//TAMTAM//')
    made.ani.type(`/get ${id.slice(0, 1)}`)
    await made.calm()
    expect(made.ani.take()).toContain('SEND a_b.txt\nhalo//AGUEL//TAMTAM//')
    for (const name of ['a b.txt', 'a_b.txt', 'A B.TXT']) {
      made.ani.type(`/get ${name}`)
      await made.calm()
      expect(made.ani.take()).toContain('SEND a_b.txt\nhalo//AGUEL//TAMTAM//')
    }
  })
  it('that several ids could mean are not guessed', async () => {
    const made = await scene()
    await typed(made, '/put 1 a', 'x/put 1 b', 'y')
    await typed(made, '/files links')
    expect((await typed(made, '/get 0000'))[0]).toBe(NO_FILE)
  })
  it('that still arrive are listed so, and are not to be had yet', async () => {
    const made = await scene()
    made.ani.type('/put 9 a.txt', 'half')
    await made.calm()
    made.budi.take()
    made.budi.type('/files')
    await made.calm()
    expect(made.budi.take()).toBe('* 1 file in lobby; /get brings one here\n* a.txt from ani has not all arrived yet\n')
  })
  it('come as links to who asked for that, as bytes to the others, and as nothing to their sender', async () => {
    const made = await scene()
    const cici = await made.enter('cici')
    made.budi.type('/files links')
    await made.calm()
    made.budi.take()
    const [own, linked] = await typed(made, 'SEND a.txt', 'halo//AGUEL//TAMTAM//')
    expect(own).toMatch(/^\* \[[0-9a-f]{8}\] a\.txt is in the room: 4 B, sha256 [0-9a-f]{64}\n$/)
    expect(linked).toMatch(
      /^\* ani is sending a\.txt\n\* file \[[0-9a-f]{8}\] a\.txt from ani: 4 B, sha256 [0-9a-f]{64}\n$/,
    )
    expect(cici.take()).toBe('* ani is sending a.txt\nSEND a.txt\nhalo//AGUEL//TAMTAM//')
  })
})

describe('who is here', () => {
  it('is told with who is away, and with who is sending how much', async () => {
    const { ani, budi, clock, calm } = await scene()
    ani.type('/away for lunch', '/put 100 lagu.mp3', 'x'.repeat(20))
    await calm()
    clock.advance(3000)
    ani.type('x'.repeat(20))
    await calm()
    budi.take()
    budi.type('/who')
    await calm()
    expect(budi.take()).toBe('* 2 in lobby:\n*   ani (away: for lunch), budi\n* ani is sending lagu.mp3: 42 %\n')
  })
})
