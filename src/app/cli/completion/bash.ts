import type { CommandWords, FlagWords } from './command-words.ts'

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
${commands.map(verbCase).join('\n')}
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

function valueCase(verb: string, { long, short, value }: FlagWords): string[] {
  if (value === 'none') return []
  const asked = [long, ...(short === undefined ? [] : [short])].map((flag) => `'${verb} ${flag}'`).join('|')
  if (value === 'other') return [`    ${asked}) return ;;`]
  const fill = `mapfile -t COMPREPLY < <(compgen -${value === 'folders' ? 'd' : 'f'} -- "$word")`
  return [`    ${asked}) compopt -o filenames 2>/dev/null; ${fill}; return ;;`]
}

function verbCase({ name, flags, takes }: CommandWords): string {
  const words = flags.flatMap(({ long, short }) => [long, ...(short === undefined ? [] : [short])]).join(' ')
  const rest = takes === 'files' ? '<files>' : takes === 'nothing' ? '' : takes.join(' ')
  return `    ${name}) if [[ $word == -* ]]; then words='${words}'; else words='${rest}'; fi ;;`
}
