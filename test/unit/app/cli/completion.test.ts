import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { wordsOf } from '#app/cli/completion.ts'
import { programOf } from '#app/cli/program.ts'

describe('what a shell is told of the commands', () => {
  it('comes from their definition', () => {
    const words = wordsOf(programOf())
    const of = (name: string) => words.find((each) => each.name === name)
    const names = words.map(({ name }) => name)
    expect([names[0], names.at(-1)]).toEqual(['host', 'help'])
    expect(of('send')).toMatchObject({ takes: 'files' })
    expect(of('get')?.flags).toContainEqual(expect.objectContaining({ long: '--output', short: '-o', value: 'files' }))
    expect(of('completion')).toMatchObject({ takes: ['bash', 'zsh', 'fish'] })
    expect(of('help')).toMatchObject({ takes: names.slice(0, -1) })
    // It takes the flags of a host.
    expect(of('config')?.flags).toEqual(of('host')?.flags)
  })

  it('has no sign that is special to a shell', () => {
    const made = new Command('tamtam')
    made.command('host').description('host "a" room: `$(boom)`').option('--data <dir>', "it's here")
    const [host] = wordsOf(made)
    expect(host).toMatchObject({ about: 'host a room (boom)', takes: 'nothing' })
    expect(host?.flags).toContainEqual({ long: '--data', short: undefined, about: 'its here', value: 'folders' })
  })
})
