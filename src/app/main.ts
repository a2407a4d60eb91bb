#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { config } from 'rxjs'
import { version } from './about.ts'
import { CommandFailed, exitCodes } from './cli/exit-codes.ts'

type AddCommand = (program: Command) => Command

/** Every command, in the order of help. Each is loaded where it is needed only. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  host: async () => (await import('./cli/host.ts')).addHost,
  join: async () => (await import('./cli/join.ts')).addJoin,
  send: async () => (await import('./cli/send.ts')).addSend,
  get: async () => (await import('./cli/get.ts')).addGet,
  say: async () => (await import('./cli/say.ts')).addSay,
  tail: async () => (await import('./cli/tail.ts')).addTail,
  ls: async () => (await import('./cli/ls.ts')).addLs,
  rm: async () => (await import('./cli/rm.ts')).addRm,
  'drop-link': async () => (await import('./cli/drop-link.ts')).addDropLink,
  token: async () => (await import('./cli/token.ts')).addToken,
  export: async () => (await import('./cli/export.ts')).addExport,
  import: async () => (await import('./cli/import.ts')).addImport,
  doctor: async () => (await import('./cli/doctor.ts')).addDoctor,
  config: async () => (await import('./cli/config.ts')).addConfig,
  completion: async () => (await import('./cli/completion.ts')).addCompletion,
  man: async () => (await import('./cli/manual.ts')).addManual,
}
/** These tell of the others, too. */
const OF_ALL = ['config', 'completion', 'man']

// A subscriber's mistake must not pass for a mistake of the room's, nor be lost: it is a bug, and ends the process as one.
config.onUnhandledError = (error) => {
  throw error
}

const program = new Command('tamtam')
  .description('A chat room with a file drop that one command hosts and that people join with the programs they have.')
  .version(version, '--version', 'print the version')
  .exitOverride()
  .showHelpAfterError('(tamtam help lists the commands)')

const [typed = ''] = process.argv.slice(2)
const isAlone = Object.hasOwn(commands, typed) && !OF_ALL.includes(typed)
for (const load of isAlone ? [commands[typed]] : Object.values(commands)) (await load?.())?.(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  else if (error instanceof CommandFailed) fail(error.exitCode, error.message)
  else fail(exitCodes.bug, `a bug of ours; please report it: ${error instanceof Error ? error.stack : error}`)
}

/** At once: whatever did not start or stop must not hold the process. */
function fail(exitCode: number, message: string): void {
  process.stderr.write(`tamtam: ${message}\n`)
  process.exit(exitCode)
}
