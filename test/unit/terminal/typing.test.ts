import { expect, onTestFinished, test } from 'vitest'
import { forTerminal } from '#domain/names/text.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { RoomClient } from '#terminal/room-client.ts'
import { Typing } from '#terminal/typing.ts'
import { openHouse } from '../../harness/house.ts'
import { noControls } from '../../harness/no-controls.ts'
import { turns } from '../../harness/turns.ts'

/** Ani's keys, in a room where a message has at most 20 bytes. */
async function atKeys() {
  const house = await openHouse({ limits: { maxTextBytes: 20 } })
  const session = await house.join('ani')
  const rows: string[] = []
  const client = new RoomClient({
    session,
    files: {
      early: false,
      autoBytes: 0,
      send: () => Promise.reject(new Error()),
      receive: () => Promise.reject(new Error()),
    },
    words: translatorFor('en', forTerminal),
    clock: house.clock,
    output: { print: (row) => rows.push(row), notice: (row) => rows.push(row), bell: () => {}, changed: () => {} },
    options: {
      events: 'rows',
      waits: true,
      paint: undefined,
      time: false,
      tall: true,
      echo: true,
      live: true,
      divider: false,
      history: 0,
    },
    host: noControls,
  })
  await client.start()
  onTestFinished(() => client.end({ type: 'quit' }))
  let suspended = 0
  const none = async () => []
  const typing = new Typing(
    client,
    { nicks: () => [], rooms: none, files: none, paths: none, at: 'terminal' },
    () => {},
    () => suspended++,
  )
  const enter = async () => {
    typing.press({ type: 'enter' })
    await turns(4)
  }
  return { typing, rows, enter, suspended: () => suspended }
}

const long = 'selamat pagi semuanya!'

test('a line that is too long is there again, where the cursor was, and the limit and its length are said', async () => {
  const { typing, rows, enter } = await atKeys()
  typing.press({ type: 'typed', text: long })
  typing.press({ type: 'left' })
  const { cursor } = typing.editor
  await enter()
  expect(rows).toEqual([expect.stringMatching(/^! .*\b22 bytes.*\b20\b/)])
  expect(typing.editor).toMatchObject({ text: long, cursor })
  typing.press({ type: 'killWord' })
  typing.press({ type: 'delete' })
  typing.press({ type: 'backspace' })
  await enter()
  expect(rows.at(-1)).toBe('<ani> selamat pagi')
  expect(typing.editor.text).toBe('')
})

test('lines that were pasted wait again for a yes', async () => {
  const { typing, enter } = await atKeys()
  typing.press({ type: 'pasted', text: 'selamat\npagi\nsemuanya' })
  const { pasted } = typing.editor
  await enter()
  expect(typing.editor).toMatchObject({ text: '', pasted })
})

test('whoever types on meanwhile is not disturbed; what was too long is in what they sent before', async () => {
  const { typing, enter } = await atKeys()
  typing.press({ type: 'typed', text: long })
  typing.press({ type: 'enter' })
  typing.press({ type: 'typed', text: 'x' })
  await turns(4)
  expect(typing.editor.text).toBe('x')
  typing.press({ type: 'up' })
  expect(typing.editor.text).toBe(long)
  await enter()
})

test('what was refused for another reason is not given back', async () => {
  const { typing, rows, enter } = await atKeys()
  typing.press({ type: 'typed', text: '/nonsense' })
  await enter()
  expect(rows).toHaveLength(1)
  expect(typing.editor.text).toBe('')
})

test('Ctrl-Z leaves what is typed as it is', async () => {
  const { typing, suspended } = await atKeys()
  typing.press({ type: 'typed', text: 'ha' })
  typing.press({ type: 'suspend' })
  expect(suspended()).toBe(1)
  expect(typing.editor.text).toBe('ha')
})
