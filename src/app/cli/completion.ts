import type { Command } from 'commander'

const scripts = new Map<string, (commands: readonly CommandWords[]) => string>([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
])

/** A script that lets `shell` complete the commands of `program`. */
export const completionFor = (shell: string, program: Command): string => scripts.get(shell)?.(wordsOf(program)) ?? ''

/** The words of a command, for a shell. */
export interface CommandWords {
  readonly name: string
  readonly about: string
  readonly flags: readonly FlagWords[]
  /** The kind of its arguments: files of this machine, one of some words, or nothing that a shell can know. */
  readonly takes: 'files' | 'nothing' | readonly string[]
}

export interface FlagWords {
  readonly long: string
  readonly short: string | undefined
  readonly about: string
  readonly value: 'none' | 'files' | 'folders' | 'other'
}

/** From the definition that also parses the command line, so that both always agree. */
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

/** Without characters that are special to a shell. */
const plain = (text: string): string => text.replace(/["'`$\\[\]:]/g, '')

/** A completion script for bash, without the package bash-completion. */
export function bashScript(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  return `# tamtam completion for bash: eval "$(tamtam completion bash)"
_tamtam() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb=host at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      ${commands.map(({ name }) => name).join('|')}) verb="\${COMP_WORDS[at]}"; break ;;
    esac
  done
  COMPREPLY=()
  case "$verb $before" in
${commands.flatMap(({ name, flags }) => flags.flatMap((flag) => valueCase(name, flag))).join('\n')}
  esac
  local words=''
  case "$verb" in
${commands.map(bashCase).join('\n')}
  esac
  if [[ $at -ge $COMP_CWORD && $word != -* ]]; then words='${names}'; fi
  if [[ $words == '<files>' ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -F _tamtam tamtam
`
}

function valueCase(command: string, { long, short, value }: FlagWords): string[] {
  if (value === 'none') return []
  const asked = [long, ...(short === undefined ? [] : [short])].map((flag) => `'${command} ${flag}'`).join('|')
  if (value === 'other') return [`    ${asked}) return ;;`]
  const fill = `mapfile -t COMPREPLY < <(compgen -${value === 'folders' ? 'd' : 'f'} -- "$word")`
  return [`    ${asked}) compopt -o filenames 2>/dev/null; ${fill}; return ;;`]
}

function bashCase({ name, flags, takes }: CommandWords): string {
  const words = flags.flatMap(({ long, short }) => [long, ...(short === undefined ? [] : [short])]).join(' ')
  const rest = takes === 'files' ? '<files>' : takes === 'nothing' ? '' : takes.join(' ')
  return `    ${name}) if [[ $word == -* ]]; then words='${words}'; else words='${rest}'; fi ;;`
}

/** A completion script for zsh, to be evaluated or put into `$fpath` as `_tamtam`. */
export function zshScript(commands: readonly CommandWords[]): string {
  return `#compdef tamtam
# tamtam completion for zsh: source <(tamtam completion zsh)
_tamtam() {
  local -a verbs
  verbs=(
${commands.map(({ name, about }) => `    '${name}:${about}'`).join('\n')}
  )
  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then
    _describe 'command' verbs
    return
  fi
  local verb=\${words[2]}
  case $verb in
${commands.map(zshCase).join('\n')}
    *) _arguments -s ${(commands.find(({ name }) => name === 'host')?.flags ?? []).flatMap(specs).join(' ')} ;;
  esac
}
if [[ $funcstack[1] == _tamtam ]]; then _tamtam "$@"; else compdef _tamtam tamtam; fi
`
}

function zshCase({ name, flags, takes }: CommandWords): string {
  const rest = takes === 'files' ? '*:file:_files' : takes === 'nothing' ? '*: :' : `*:word:(${takes.join(' ')})`
  return `    ${name}) shift words; (( CURRENT-- )); _arguments -s ${[...flags.flatMap(specs), `'${rest}'`].join(' ')} ;;`
}

function specs({ long, short, about, value }: FlagWords): string[] {
  const action = { none: '', files: ':file:_files', folders: ':folder:_files -/', other: ':value: ' }[value]
  return [long, ...(short === undefined ? [] : [short])].map((flag) => `'${flag}[${about}]${action}'`)
}

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
