import { expect, onTestFinished, test } from 'vitest'
import { keyWords } from '#app/cli/key-words.ts'
import { createTamtam } from '#app/index.ts'
import { type Language, translatorFor } from '#i18n/i18n.ts'

/** What the host's own terminal answers to a word about what opens its room. */
async function terminal(language: Language, role?: 'owner') {
  const tamtam = createTamtam()
  await tamtam.start()
  onTestFinished(() => tamtam.stop())
  const name = { room: 'lobby', name: 'host' }
  const session = await tamtam.engine.join(role === undefined ? name : { ...name, role })
  const own = keyWords(tamtam.roomAccess(session), 'lobby', 'http://192.168.1.5:8268', translatorFor(language))
  return async (word: 'password' | 'invite', rest = '') => await own.find((each) => each.word === word)?.read(rest)
}

test.each([
  ['en', /^\* There are no/, /not used/, /^\* Nobody comes in/, /no such invitation/, /^! type /],
  ['id', /^\* Tidak ada undangan/, /belum dipakai/, /^\* Undangan itu/, /undangan itu tidak ada/, /^! ketik /],
] as const)('invitations are made, listed and taken back in %s', async (language, none, unused, off, gone, usage) => {
  const type = await terminal(language, 'owner')
  expect(await type('invite', 'list')).toMatch(none)
  const made = await type('invite')
  const [, code = ''] =
    /\/join lobby (\w{26}) {2}http:\/\/192\.168\.1\.5:8268\/#t=\1&room=lobby$/.exec(made ?? '') ?? []
  await type('invite')
  const listed = (await type('invite', 'list')) ?? ''
  expect(listed.split('\n')).toEqual([expect.stringMatching(unused), expect.stringMatching(unused)])
  expect(code).not.toBe('')
  expect(listed).not.toContain(code)
  const [, id = ''] = /^\* \[(\w+)\]/.exec(listed) ?? []
  expect(await type('invite', `off ${id}`)).toMatch(off)
  expect(await type('invite', `off ${id}`)).toMatch(gone)
  for (const wrong of ['off', 'everybody', 'list x', `off ${id} x`]) expect(await type('invite', wrong)).toMatch(usage)
})

test('they are for who looks after the room', async () => {
  const type = await terminal('en')
  for (const rest of ['', 'list', 'off 00000000']) expect(await type('invite', rest)).toMatch(/^! NOT_ALLOWED /)
})
