import type { CommandWords, FlagWords } from './command-words.ts'

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
${commands.map(verbCase).join('\n')}
    *) _arguments -s ${(commands.find(({ name }) => name === 'host')?.flags ?? []).flatMap(specs).join(' ')} ;;
  esac
}
if [[ $funcstack[1] == _tamtam ]]; then _tamtam "$@"; else compdef _tamtam tamtam; fi
`
}

function verbCase({ name, flags, takes }: CommandWords): string {
  const rest = takes === 'files' ? '*:file:_files' : takes === 'nothing' ? '*: :' : `*:word:(${takes.join(' ')})`
  return `    ${name}) shift words; (( CURRENT-- )); _arguments -s ${[...flags.flatMap(specs), `'${rest}'`].join(' ')} ;;`
}

function specs({ long, short, about, value }: FlagWords): string[] {
  const action = { none: '', files: ':file:_files', folders: ':folder:_files -/', other: ':value: ' }[value]
  return [long, ...(short === undefined ? [] : [short])].map((flag) => `'${flag}[${about}]${action}'`)
}
