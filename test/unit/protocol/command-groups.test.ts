import { expect, test } from 'vitest'
import { helpAbout, helpGroups } from '#protocol/command-groups.ts'
import { commandsAt } from '#protocol/commands.ts'

const rows = commandsAt('terminal')
const groups = helpGroups(rows)
const names = {
  groupTalk: 'obrolan',
  groupFiles: 'berkas',
  groupPeople: 'orang',
  groupRoom: 'ruang',
  groupTerminal: 'x',
}
const about = (word: string) => helpAbout(groups, word, (key) => names[key])?.map((row) => row.word)

test('every command is in one group, and a new one in the last', () => {
  expect(groups.flatMap((group) => group.rows.map(({ word }) => word)).toSorted()).toEqual(
    rows.map(({ word }) => word).toSorted(),
  )
  expect(helpGroups([{ word: 'new' }])).toEqual([{ nameKey: 'groupTerminal', rows: [{ word: 'new' }] }])
})

test('a group is asked for by its name, also the English one, and a command by its word', () => {
  expect(about('orang')).toContain('kick')
  expect(about('People')).toEqual(about('orang'))
  expect(about('/kick')).toEqual(['kick'])
  expect(about('nothing')).toBeUndefined()
})
