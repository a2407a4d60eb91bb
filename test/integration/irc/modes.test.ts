import { expect, test } from 'vitest'
import { IrcClient } from '../../harness/irc-client.ts'
import { ircHost } from '../../harness/irc-host.ts'
import { LineClient } from '../../harness/line-client.ts'

test('who makes a room looks after it: each mode holds for everybody, and is told to all', async () => {
  const { port } = await ircHost({ founders: true })
  const ani = await IrcClient.enter(port, 'ani', ['den'])
  const budi = await IrcClient.enter(port, 'budi', ['den'])
  const line = await LineClient.join(port, 'citra')
  expect(budi.heard.some((each) => / 353 budi = #den :@ani budi$/.test(each))).toBe(true)
  // Written down with the first thing that is said.
  ani.says('PRIVMSG #den :hello')
  await budi.until(/MODE #den \+o ani/)
  const changed = async (mode: string) => {
    const from = budi.lines.length
    const answer = await ani.answers(`MODE #den ${mode}`)
    await budi.settled()
    expect(budi.since(from)).toEqual(answer)
    return answer.map((each) => each.replace(/^\S+ MODE #den /, ''))
  }

  expect(await changed('+m')).toEqual(['+m'])
  expect(await budi.answers('PRIVMSG #den :may I?')).toEqual([expect.stringContaining(' 404 budi #den :')])
  expect(await changed('+v budi')).toEqual(['+v budi'])
  budi.says('PRIVMSG #den :I may')
  await ani.until(/PRIVMSG #den :I may/)
  expect((await ani.answers('NAMES #den'))[0]).toContain(':@ani +budi')
  expect(await changed('-vm budi')).toEqual(['-v budi', '-m'])

  expect(await changed('+t')).toEqual(['+t'])
  expect(await budi.answers('TOPIC #den :mine')).toEqual([expect.stringContaining(' 482 budi #den :')])
  expect(await changed('+s')).toEqual(['+s'])
  const list = (client: IrcClient) =>
    client.answers('LIST').then((lines) => lines.some((each) => each.includes(' #den ')))
  const other = await IrcClient.enter(port, 'other')
  expect([await list(budi), await list(other)]).toEqual([true, false])

  expect(await changed('+l 2')).toEqual(['+l 2'])
  expect(await other.answers('JOIN #den')).toEqual([expect.stringContaining(' 471 other #den :')])
  expect(await changed('-l')).toEqual(['-l'])
  expect(await changed('+i')).toEqual(['+i'])
  expect(await other.answers('JOIN #den')).toEqual([expect.stringContaining(' 473 other #den :')])
  await line.ask('/join den', /^! LOCKED/)
  expect(await ani.answers('MODE #den')).toEqual([
    ':tamtam.irc 324 ani #den +nits',
    expect.stringMatching(/^:tamtam\.irc 329 ani #den TIME$/),
  ])
  expect(await budi.answers('MODE #den -i')).toEqual([expect.stringContaining(' 482 budi #den :')])
  expect(await changed('-its')).toEqual(['-i', '-t', '-s'])
  expect(await ani.answers('MODE #den +l many')).toEqual([expect.stringContaining(' 696 ani #den l * :')])

  // An invitation opens the one that is closed: over IRC their next JOIN uses it.
  await changed('+i')
  budi.says('CAP REQ :invite-notify')
  expect(await ani.answers('INVITE other #den')).toEqual([':tamtam.irc 341 ani other #den'])
  await other.until(/^:ani!\S+ INVITE other #den/)
  await budi.until(/^:ani!\S+ INVITE other #den/)
  await other.ask('JOIN #den', / 366 other #den /)
  expect(await other.answers('INVITE nobody #den')).toEqual([expect.stringContaining(' 401 other nobody :')])
  // To people who came otherwise it is a whisper, in a room that both are in.
  await ani.ask('JOIN #lobby', / 366 ani #lobby /)
  await line.ask('/join lobby', /in lobby|citra/)
  expect(await ani.answers('INVITE citra #den')).toEqual([':tamtam.irc 341 ani citra #den'])
  const whisper = await line.until(/you are invited to #den: .*\/join den \w+/)
  expect(whisper).toContain('ani')

  expect(await changed('+k rahasia')).toEqual(['+k *'])
  await other.answers('PART #den')
  await changed('-i')
  expect(await other.answers('JOIN #den')).toEqual([expect.stringContaining(' 475 other #den :')])
  await other.ask('JOIN #den rahasia', / 366 other #den /)
  expect(await changed('-k')).toEqual(['-k *'])
  expect(await ani.answers('MODE #den +k')).toEqual([expect.stringContaining(' 696 ani #den k * :')])
})
