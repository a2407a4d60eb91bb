import { type Command, Option } from 'commander'
import { forTerminal } from '../../domain/text/terminal.ts'
import { settingsOf } from '../config.ts'
import { print, printJson, runShowing } from './verb.ts'

/** To be added after `host`, whose flags it takes. */
export const addConfig = (program: Command): Command => {
  const command = program
    .command('config')
    .description('show every setting of a host, and where each comes from: flag, environment, file or default')
  for (const { flags, description } of program.commands.find((other) => other.name() === 'host')?.options ?? [])
    command.addOption(new Option(flags, description))
  return command.action((flags: Record<string, unknown>) =>
    runShowing(async () => {
      for (const setting of settingsOf(flags, process.env)) {
        if (flags['json'] === true) await printJson({ type: 'setting', ...setting })
        else await print(lineOf(setting))
      }
    }),
  )
}

function lineOf({ name, value, source }: ReturnType<typeof settingsOf>[number]): string {
  const shown = value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value)
  return forTerminal(`${name.padEnd(14)} ${shown.padEnd(28)} ${source}`)
}
