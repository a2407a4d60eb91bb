import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { hostForVerbs } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { kept, Terminal } from '../../harness/tmux.ts'

beforeEach((context) => Terminal.needed(context))

/** Ani and Budi in one room, each at a terminal. */
async function twoTerminals() {
  const { at, tamtam } = await hostForVerbs()
  const cwd = await temporaryDirectory()
  const ani = new Terminal(['join', `ani@${at}`], { cwd })
  await ani.sees('<You>')
  const budi = new Terminal(['join', `budi@${at}`, '--lang', 'id'], { cwd })
  await budi.sees('<Anda>')
  await ani.sees('budi joined')
  return { at, tamtam, cwd, ani, budi }
}

describe('two people at their terminals', () => {
  test('come in and chat, see who names them, and each reads in their own language', async () => {
    const { ani, budi } = await twoTerminals()
    ani.line('halo budi')
    await budi.sees('<ani> halo budi')
    budi.line('halo juga')
    await ani.sees('<budi> halo juga')
    ani.line('/topic kopi pagi')
    await budi.sees('mengganti topik: kopi pagi')
    ani.line('/hsitory')
    await ani.sees('did you mean /history?')
    ani.line('/who')
    await ani.sees('2 are here: ani, budi')
    for (const terminal of [ani, budi]) await terminal.rests()
    await expect(kept(ani.screen)).toMatchFileSnapshot('screens/chat.txt')
    await expect(kept(budi.screen)).toMatchFileSnapshot('screens/chat-indonesian.txt')
  })

  test('have their nicks, slash words, paths and rooms completed with Tab, and what they sent before with the arrow', async () => {
    const { ani, budi, cwd, tamtam } = await twoTerminals()
    for (const room of ['warung', 'kantor']) await tamtam.engine.join({ room, name: `cici-${room}` })
    await mkdir(join(cwd, 'lagu'))
    await writeFile(join(cwd, 'lagu', 'See Saw.mp3'), 'isi')
    ani.type('bu')
    ani.press('Tab')
    await ani.sees('<You> budi:')
    ani.line('kopi?')
    await budi.sees('<ani> budi: kopi?')
    ani.press('Up')
    await ani.sees('<You> budi: kopi?')
    ani.press('Escape')
    await ani.rests()
    ani.type('/se')
    ani.press('Tab')
    await ani.sees('[search]  send')
    ani.press('Tab')
    await ani.sees('search  [send]')
    ani.type('la')
    ani.press('Tab')
    await ani.sees('<You> /send lagu/')
    ani.press('Tab')
    await ani.sees('<You> /send lagu/See Saw.mp3')
    ani.press('Enter')
    await budi.sees('ani mengirim See Saw.mp3 (3 B)  disimpan di See Saw.mp3')
    // One row tells of a file, to each of them.
    await ani.sees('ani sent See Saw.mp3 (3 B)  /get ')
    for (const terminal of [ani, budi])
      await expect
        .poll(() => terminal.all.filter((line) => line.includes('See Saw') && !line.startsWith('<')))
        .toHaveLength(1)
    ani.type('/jo')
    ani.press('Tab')
    await ani.sees('<You> /join')
    ani.type('wa')
    ani.press('Tab')
    await ani.sees('<You> /join warung')
    ani.press('Enter')
    await ani.sees('you are ani in warung')
    await budi.sees('ani keluar')
  })

  test('send several pasted lines as one message, after they said yes', async () => {
    const { ani, budi } = await twoTerminals()
    ani.paste('satu\ndua\ntiga')
    await ani.sees('3 lines were pasted')
    await expect(kept(ani.screen)).toMatchFileSnapshot('screens/pasted.txt')
    expect(budi.screen.join('\n')).not.toContain('satu')
    ani.press('Enter')
    await budi.until('all three', (screen) => {
      const at = screen.findIndex((line) => line.endsWith('<ani> satu'))
      return at >= 0 && screen[at + 1] === '    dua' && screen[at + 2] === '    tiga'
    })
  })

  test('may make their terminal narrow: what is typed stays, and nothing is wider than it', async () => {
    const { ani, budi } = await twoTerminals()
    budi.line('halo ani, apa kabar hari ini?')
    await ani.sees('apa kabar')
    ani.type('baik sekali, terima kasih, dan kamu sendiri bagaimana?')
    await ani.sees('bagaimana?')
    ani.resize(40, 20)
    await ani.until('a shorter line', (screen) => /^<You> ….*bagaimana\?$/.test(screen.at(-1) ?? ''))
    // C62: what is longer than the terminal goes on below, and never in the first column.
    budi.line(`kabar baik, dan ini ${'<root>'.repeat(12)} bukan siapa-siapa`)
    await ani.sees('bukan siapa-siapa')
    await ani.until('every line to be indented', (screen) => screen.every((line) => !/^(?:<root|oot|bukan)/.test(line)))
    await expect(kept(ani.screen)).toMatchFileSnapshot('screens/narrow.txt')
    ani.press('Enter')
    await budi.sees('<ani> baik sekali, terima kasih, dan kamu sendiri bagaimana?')
  })

  test('leave with Ctrl-C, which first takes away what was typed, and the others are told', async () => {
    const { ani, budi } = await twoTerminals()
    ani.type('eh')
    await ani.sees('<You> eh')
    ani.press('C-c')
    await ani.rests()
    ani.press('C-c')
    await ani.sees('ended with 0')
    await budi.sees('ani keluar')
  })
})

test('the first screen of a host fits into 80x24 with the code last, readable on any background, and /share shows it again', async () => {
  const host = new Terminal(['host', '--lan', '--port', '0', '--ephemeral', '--name', 'ani'], { env: { NO_COLOR: '' } })
  await host.sees(/^<You> +ani · lobby · 1 here$/)
  await host.until('the greeting', (screen) => /^tamtam +lobby/.test(screen[0] ?? ''))
  const { all } = host
  expect(all.length).toBeLessThanOrEqual(23)
  expect(all.slice(0, 3).map((line) => line.split(/ {2,}/)[0])).toEqual(['tamtam', 'browser', 'terminal'])
  expect(all[1]).toMatch(/^browser {3}http:\/\/\S+:\d+\/#t=\w{26}$/)
  const code = (lines: readonly string[]) => lines.filter((line) => /^[█▀▄ ]{33,}$/.test(line))
  expect(all.slice(3, -1)).toEqual(code(all))
  expect(host.styled[3]).toMatch(/\x1b\[(?:97m\x1b\[40|40m\x1b\[97|97;40)m█/)
  host.line('/share')
  await host.until('the code again', () => code(host.all).length === 2 * code(all).length)
  host.line('/help')
  await host.sees(/^\* {3}people {4}\/who \/ignore/)
  host.line('/help people')
  await host.sees('/kick name [reason]  remove somebody from the room')
  host.press('C-c')
  await host.sees('ended with 0')
})

test('NO_COLOR: nothing is coloured, and Indonesian is what LANG asks for', async () => {
  const { at, tamtam } = await hostForVerbs()
  const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi', role: 'owner' })
  const ani = new Terminal(['join', `ani@${at}`], {
    columns: 120,
    env: { NO_COLOR: '1', LANG: 'id_ID.UTF-8', LC_ALL: '' },
  })
  await ani.sees('<Anda>')
  await budi.send({ type: 'say', text: 'halo ani' })
  await ani.sees('<budi> halo ani')
  ani.line('/nick budi')
  await ani.sees('! nama ini')
  ani.line('/join a/b')
  await ani.sees('! nama ruang ini')
  expect(ani.styled.filter((line) => /\x1b\[(?:3[0-8]|4[0-8]|9\d|10\d)/.test(line))).toEqual([])
  await budi.send({ type: 'kick', name: 'ani', reason: 'cukup' })
  await ani.sees('sambungan berakhir: budi mengeluarkan ani: cukup')
})

test('C57: a dumb terminal gets one line an event, and no escape sequences', async () => {
  const { at, tamtam } = await hostForVerbs()
  const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
  const ani = new Terminal(['join', `ani@${at}`], { terminal: 'dumb', recorded: true })
  await ani.sees('you are ani in lobby')
  await budi.send({ type: 'say', text: 'satu\ndua \u001b[2J' })
  await ani.sees('<budi> satu␊dua ␛[2J')
  ani.line('halo')
  await expect.poll(async () => (await budi.history(1)).map((entry) => 'text' in entry && entry.text)).toEqual(['halo'])
  await ani.sees(/^halo$/)
  await expect(kept(ani.screen)).toMatchFileSnapshot('screens/plain.txt')
  expect(ani.written).toContain('satu␊dua')
  expect(ani.written).not.toMatch(/[\x1b\x9b]/)
})
