import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addCompletion, wordsOf } from '#app/cli/completion.ts'
import { addGet } from '#app/cli/get.ts'
import { addSend } from '#app/cli/send.ts'

function program() {
  const made = new Command('tamtam')
  made.command('host', { isDefault: true }).description('host "a" room: `$(boom)`').option('--data <dir>', "it's here")
  for (const add of [addSend, addGet, addCompletion]) add(made)
  return made
}

describe('what a shell is told of the commands', () => {
  it('comes from their definition', () => {
    const words = wordsOf(program())
    expect(words.map(({ name }) => name)).toEqual(['host', 'send', 'get', 'completion', 'help'])
    expect(words[0]).toMatchObject({ about: 'host a room (boom)', takes: 'nothing' })
    expect(words[0]?.flags).toContainEqual({ long: '--data', short: undefined, about: 'its here', value: 'folders' })
    expect(words[1]).toMatchObject({ takes: 'files' })
    expect(words[2]?.flags).toContainEqual(expect.objectContaining({ long: '--output', short: '-o', value: 'files' }))
    expect(words[3]).toMatchObject({ takes: ['bash', 'zsh', 'fish'] })
    expect(words[4]).toMatchObject({ takes: ['host', 'send', 'get', 'completion'] })
  })
})
