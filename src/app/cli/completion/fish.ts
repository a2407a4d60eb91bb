import type { CommandWords, FlagWords } from './command-words.ts'

/** A completion script for fish. */
export function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap((command) => {
    const { name, about, flags, takes } = command
    const when = `-n '__fish_seen_subcommand_from ${name}'`
    const bare = name === 'host' ? [...flags.map((flag) => flagLine('-n __fish_use_subcommand', flag))] : []
    const files = takes === 'files' ? [`complete -c tamtam ${when} -F`] : []
    const words = Array.isArray(takes) ? [`complete -c tamtam ${when} -a '${takes.join(' ')}'`] : []
    return [
      `complete -c tamtam -n __fish_use_subcommand -a ${name} -d '${about}'`,
      ...bare,
      ...files,
      ...words,
      ...flags.map((flag) => flagLine(when, flag)),
    ]
  })
  return `# tamtam completion for fish: tamtam completion fish | source
complete -c tamtam -f
${lines.join('\n')}
`
}

function flagLine(when: string, { long, short, about, value }: FlagWords): string {
  const names = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  const takes = { none: '', files: ' -r -F', folders: " -x -a '(__fish_complete_directories)'", other: ' -x' }[value]
  return `complete -c tamtam ${when} ${names}${takes} -d '${about}'`
}
