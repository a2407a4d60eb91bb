import { Argument, type Command } from 'commander'
import { bashScript } from './bash.ts'
import { type CommandWords, wordsOf } from './command-words.ts'
import { fishScript } from './fish.ts'
import { zshScript } from './zsh.ts'

const scripts = new Map<string, (commands: readonly CommandWords[]) => string>([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
])

export const addCompletion = (program: Command): Command =>
  program
    .command('completion')
    .description('print a script that lets a shell complete tamtam')
    .addArgument(new Argument('<shell>', 'which shell').choices([...scripts.keys()]))
    .addHelpText(
      'after',
      '\nbash: eval "$(tamtam completion bash)"\nzsh:  source <(tamtam completion zsh)\nfish: tamtam completion fish | source',
    )
    .action((shell: string) => {
      process.stdout.write(scripts.get(shell)?.(wordsOf(program)) ?? '')
    })
