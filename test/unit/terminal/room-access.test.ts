import { expect, onTestFinished, test } from 'vitest'
import { createTamtam } from '#app/index.ts'
import { type Language, translatorFor } from '#i18n/i18n.ts'
import { SystemClock } from '#system/clock.ts'
import { executeCommand } from '#terminal/execute-command.ts'
import { RoomClient } from '#terminal/room-client.ts'

/** What the host's own terminal answers to a command about what opens its room. */
async function terminal(language: Language, role?: 'owner') {
  const tamtam = createTamtam()
  await tamtam.start()
  onTestFinished(() => tamtam.stop())
  const name = { room: 'lobby', name: 'host' }
  const session = await tamtam.engine.join(role === undefined ? name : { ...name, role })
  const rows: string[] = []
  const client = new RoomClient({
    session,
    files: {
      early: false,
      autoBytes: 0,
      send: () => Promise.reject(new Error()),
      receive: () => Promise.reject(new Error()),
    },
    words: translatorFor(language),
    clock: new SystemClock(),
    output: { print: (row) => rows.push(row), notice: (row) => rows.push(row), bell: () => {}, changed: () => {} },
    options: {
      events: 'rows',
      waits: true,
      paint: undefined,
      time: false,
      tall: false,
      echo: false,
      live: false,
      divider: false,
      history: 0,
    },
    host: {
      access: tamtam.roomAccess(session),
      share: async () => [],
      link: async (file) => ({ url: `http://192.168.1.5:8268${tamtam.fileLink(session, file)}`, onlyHere: false }),
      speak: () => {},
      base: 'http://192.168.1.5:8268',
      bandwidth: tamtam.bandwidth,
    },
  })
  return async (line: string) => {
    await executeCommand(client, line)
    return rows.splice(0).join('\n')
  }
}

test.each([
  [
    'en',
    /^\* there are no/,
    /not used/,
    /^\* Invitation cancelled/,
    /no such invitation/,
    /^! BAD_COMMAND type /,
    'or in a browser',
  ],
  [
    'id',
    /^\* tidak ada undangan/,
    /belum dipakai/,
    /^\* Undangan dibatalkan/,
    /undangan itu tidak ada/,
    /^! BAD_COMMAND ketik /,
    'atau di peramban',
  ],
] as const)(
  'invitations are made, listed and taken back in %s',
  async (language, none, unused, off, gone, usage, or) => {
    const type = await terminal(language, 'owner')
    expect(await type('/invite list')).toMatch(none)
    const made = await type('/invite')
    const link = new RegExp(`/join lobby (\\w{26}), ${or} http://192\\.168\\.1\\.5:8268/#t=\\1&room=lobby$`)
    const [, code = ''] = link.exec(made) ?? []
    await type('/invite')
    const listed = await type('/invite list')
    expect(listed.split('\n')).toEqual([expect.stringMatching(unused), expect.stringMatching(unused)])
    expect(code).not.toBe('')
    expect(listed).not.toContain(code)
    const [, id = ''] = /^\* \[(\w+)\]/.exec(listed) ?? []
    expect(await type(`/invite off ${id}`)).toMatch(off)
    expect(await type(`/invite off ${id}`)).toMatch(gone)
    for (const wrong of ['off', 'everybody', 'list x', `off ${id} x`])
      expect(await type(`/invite ${wrong}`)).toMatch(usage)
  },
)

test('they are for operators', async () => {
  const type = await terminal('en')
  for (const rest of ['', ' list', ' off 00000000']) expect(await type(`/invite${rest}`)).toMatch(/^! NOT_ALLOWED /)
})

test('the rate of transfers is changed and told', async () => {
  const type = await terminal('en', 'owner')
  expect(await type('/limit')).toBe('* transfers: without a limit together, without a limit each')
  expect(await type('/limit 5M')).toBe('* transfers: at most 5 MB/s together, without a limit each')
  expect(await type('/limit each 500k')).toBe('* transfers: at most 5 MB/s together, at most 500 kB/s each')
  expect(await type('/limit off')).toBe('* transfers: without a limit together, at most 500 kB/s each')
})

test('/lang changes the language of all that is told from then on', async () => {
  const type = await terminal('en', 'owner')
  expect(await type('/lang id')).toBe('* jawaban sekarang dalam bahasa Indonesia')
  expect(await type('/limit')).toBe('* pengiriman: tanpa batas bersama, tanpa batas masing-masing')
  expect(await type('/lang fr')).toMatch(/^! BAD_COMMAND ketik /)
})

test('/link says where there is no such file', async () => {
  const type = await terminal('en')
  expect(await type('/link nothing')).toBe('! NO_SUCH_FILE there is no file nothing; /files tells what there is')
})
