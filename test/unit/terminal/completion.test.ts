import { expect, test } from 'vitest'
import { choicesFor, gapAt, type Sources } from '#terminal/typing.ts'

const sources: Sources = {
  nicks: () => ['budi', 'Ayu', 'ani'],
  rooms: async () => ['lobby', 'warung'],
  files: async () => ['lagu merdu.mp3', 'foto.jpg'],
  paths: async (begun) => [`${begun}…`],
  at: 'host',
}

test.each([
  ['a', 'ani: ', 0],
  ['halo a', 'ani ', 5],
  ['halo @A', '@ani ', 5],
  ['halo x', undefined, 0],
  ['/wh', 'who ', 1],
  ['/li', 'limit ', 1],
  ['/msg bu', 'budi ', 5],
  ['/msg budi ay', 'Ayu ', 10],
  ['/join w', 'warung', 6],
  ['/get lagu m', 'lagu merdu.mp3', 5],
  ['/send a b', 'a b…', 6],
  ['/send @b', '@budi ', 6],
  ['/send @budi a b', 'a b…', 12],
  ['SEND a b', 'a b…', 5],
])('Tab behind %j offers %j first', async (text, first, from) => {
  const choices = await choicesFor(gapAt(text, text.length), sources)
  expect(choices?.texts[0]).toBe(first)
  if (first !== undefined) expect(choices).toMatchObject({ from, to: text.length })
})
