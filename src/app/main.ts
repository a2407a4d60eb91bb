#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { config } from 'rxjs'
import { version } from './about.ts'
import { addCompletion } from './cli/completion/completion.ts'
import { addManual } from './cli/completion/manual.ts'
import { addConfig } from './cli/config.ts'
import { addDoctor } from './cli/doctor.ts'
import { CommandFailed, exitCodes } from './cli/exit-codes.ts'
import { addExport } from './cli/export.ts'
import { addGet } from './cli/get.ts'
import { addImport } from './cli/import.ts'
import { addJoin } from './cli/join.ts'
import { addLs } from './cli/ls.ts'
import { addSay } from './cli/say.ts'
import { addSend } from './cli/send.ts'
import { addTail } from './cli/tail.ts'
import { addToken } from './cli/token.ts'
import { hostConfig } from './config.ts'
import { host } from './host.ts'

// A subscriber's mistake must not pass for a mistake of the room's, nor be lost: it is a bug, and ends the process as one.
config.onUnhandledError = (error) => {
  throw error
}

const program = new Command('tamtam')
  .description('A chat room with a file drop that one command hosts and that people join with what they have.')
  .version(version, '--version', 'print the version')
  .exitOverride()
  .showHelpAfterError('(tamtam help shows what there is)')

program
  .command('host', { isDefault: true })
  .description('host a room (the default)')
  .option('--port <port>', 'port to listen on; 0 picks a free one (8268)')
  .option('--lan', 'be there for other machines: for who shows the token, which is printed')
  .option('--bind <address>', 'address to listen on (127.0.0.1; with --lan all there are)')
  .option('--open', 'let everybody in who can reach this host: there is no token')
  .option(
    '--host-names <names>',
    'what this host is called in addresses, beside localhost, its numbers and, with --lan, its machine',
  )
  .option('--tls', 'speak TLS and nothing in plain, with a certificate of its own making, kept in the data directory')
  .option('--cert <file>', 'speak TLS with the certificate in this file (PEM), and the one that signed it')
  .option('--key <file>', 'the key of --cert')
  .option('--data <dir>', 'where history and files are kept ($XDG_DATA_HOME/tamtam)')
  .option('--shared-disk', 'keep data on a network disk too: no other host uses this directory')
  .option('--ephemeral', 'keep everything in memory; it is gone when the host stops')
  .option('--room <name>', 'the room people are in at first (lobby)')
  .option('--line-files <how>', 'how files reach netcat: inline (their bytes) or links (a line that names them)')
  .option('--inline-max <bytes>', 'larger files reach netcat as links only; 0: none is too large (100M)')
  .option('--rate <lines>', 'lines a second that one connection may say, loopback too; 0: no limit (50, loopback: 0)')
  .option('--limit <bytes>', 'bytes a second that all transfers together may move, such as 5M; 0: no limit (0)')
  .option('--limit-each <bytes>', 'the same for each upload and each download (0)')
  .option(
    '--room-quota <bytes>',
    'bytes of files that a room keeps: the oldest go for newer ones; 0: no limit (20 GiB)',
  )
  .option('--keep-days <days>', 'days that a file stays; 0: for ever (30)')
  .option('--history <entries>', 'how much of a room is kept (100000)')
  .option('--name <name>', 'what you are called in the room (host)')
  .option(
    '--save <dir>',
    "where copies of received files go, and stay (terima/ in the data directory; without a terminal they go with the room's files)",
  )
  .option('--json', 'one JSON object a line on standard output')
  .option('--quiet', 'print nothing but errors')
  .option('--plain', 'one line an event, and no cursor that moves')
  .option('--lang <language>', 'en or id, in which this terminal speaks (as LANG says)')
  .option('--log-level <level>', 'info, warn, error or silent, on standard error (warn)')
  .option('--config <file>', 'settings as JSON ($XDG_CONFIG_HOME/tamtam/config.json)')
  .allowExcessArguments()
  .action((flags, { args: [word] }: Command) => {
    if (word !== undefined)
      throw new CommandFailed(exitCodes.usage, `there is no command ${word}; tamtam help shows what there is`)
    return host(hostConfig(flags, process.env), process)
  })

for (const add of [
  addJoin,
  addSend,
  addGet,
  addSay,
  addTail,
  addLs,
  addToken,
  addExport,
  addImport,
  addDoctor,
  addConfig,
  addCompletion,
  addManual,
])
  add(program)

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
