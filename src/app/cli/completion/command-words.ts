import type { Command } from 'commander'

/** What a shell needs to know of a command. */
export interface CommandWords {
  readonly name: string
  readonly about: string
  readonly flags: readonly FlagWords[]
  /** What its arguments are: files of this machine, one of some words, or what no shell can know. */
  readonly takes: 'files' | 'nothing' | readonly string[]
}

export interface FlagWords {
  readonly long: string
  readonly short: string | undefined
  readonly about: string
  readonly value: 'none' | 'files' | 'folders' | 'other'
}

/** From the definition that also reads the command line, so that one can't say what the other doesn't. */
export function wordsOf(program: Command): readonly CommandWords[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({
      name: command.name(),
      about: plain(command.description()),
      flags: flagsOf(command),
      takes: command.name() === 'help' ? program.commands.map((other) => other.name()) : takenBy(command),
    }))
}

function flagsOf(command: Command): FlagWords[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, short, description, flags }) => {
      if (long == null) return []
      const [, value] = /<(.+)>/.exec(flags) ?? []
      return [{ long, short: short ?? undefined, about: plain(description), value: kindOf(value) }]
    })
}

function kindOf(value: string | undefined): FlagWords['value'] {
  if (value === undefined) return 'none'
  if (value === 'dir') return 'folders'
  return value === 'path' || value === 'file' ? 'files' : 'other'
}

function takenBy(command: Command): CommandWords['takes'] {
  for (const argument of command.registeredArguments) {
    if (argument.argChoices !== undefined) return argument.argChoices
    if (argument.name() === 'files' || argument.name() === 'file') return 'files'
  }
  return 'nothing'
}

/** Without what a shell would take for more than a word. */
const plain = (text: string): string => text.replace(/["'`$\\[\]:]/g, '')
