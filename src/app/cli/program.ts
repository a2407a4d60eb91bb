import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { version } from '#app/about.ts'
import { languages } from '#i18n/translator.ts'
import { bytesOf, spanOf } from '#protocol/commands.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { stackOf } from './stack.ts'

/** Every command, in the order of help. What carries one out is loaded when it runs; help, completion and manual page need none of it. */
export function programOf(): Command {
  const program = new Command('tamtam')
    .description(
      'A chat room with a file drop that one command hosts and that people join with the programs they have.',
    )
    .version(version, '--version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(tamtam help lists the commands)')

  program
    .command('host', { isDefault: true })
    .description('host a room (the default)')
    .option('--port <port>', 'port to listen on; 0 picks a free one (8268)')
    .option('--lan', 'serve other machines: clients need the token, which is printed')
    .option('--bind <address>', 'address to listen on (127.0.0.1; with --lan all there are)')
    .option('--open', 'no token: everybody who can reach this host can join')
    .option(
      '--host-names <names>',
      'names of this host in addresses, beside localhost, its IP addresses and, with --lan, the machine names',
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
    .option('--max-file <bytes>', 'bytes that one file may have, such as 8G; 0: as many as there is room for (0)')
    .option('--host-quota <bytes>', 'bytes of files that this host keeps; 0: as many as its disk has (50G)')
    .option(
      '--room-quota <bytes>',
      'bytes of files that a room keeps: the oldest go for newer ones; 0: as many as the host keeps (20G)',
    )
    .option('--keep-days <days>', 'days that a file stays; 0: for ever (30)')
    .option('--history <entries>', 'how much of a room is kept (100000)')
    .option('--name <name>', 'your nick in the room (host)')
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
    .action(async (flags, { args: [word] }: Command) => {
      if (word !== undefined)
        throw new CommandFailed(exitCodes.usage, `there is no command ${word}; tamtam help lists the commands`)
      await (await import('./host.ts')).runHost(flags)
    })

  program
    .command('join')
    .description('take part in a room: chat, and files with /send and /get')
    .argument('[address]', '[name@]host[:port][/room]', 'localhost')
    .addOption(
      new Option('--auto <size>', 'files up to this size come by themselves')
        .argParser(sizeOf)
        .default(50_000_000, '50M'),
    )
    .addOption(
      new Option('--save <dir>', 'the folder that files are saved into, as terima_<name>').default('.', 'here'),
    )
    .option('--limit <rate>', 'bytes a second at most for each transfer, like 500k or 5M', rateOf)
    .addOption(new Option('--lang <language>', 'in which tamtam speaks (as LANG says)').choices(languages))
    .option('--plain', 'one line an event, and no cursor that moves')
    .addHelpText(
      'after',
      '\nWhat comes through a pipe, in UTF-8, is said line by line; the command ends when all of it is in the room. A line that is refused is told, and the others are said: it then exits with 4.',
    )
    .action(async (address, flags) => (await import('./join.ts')).runJoin(address, flags))

  program
    .command('send')
    .description('put files and folders into a room; goes on where an earlier attempt, of whatever client, ended')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('<files...>', 'files, folders and pipes; - sends standard input')
    .option('--limit <rate>', 'bytes a second at most, like 500k or 5M', rateOf)
    .option('--wait', 'wait until all present members have verified it')
    .option('--timeout <seconds>', 'give up when nothing has moved for so long (never)', secondsOf)
    .option('--name <name>', 'the name of the file or folder in the room')
    .option('--to <nick>', 'for this one person in the room only')
    .option('--expires <time>', 'take it away again after so long, like 90m, 12h or 7d', spanTyped)
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'say nothing but errors')
    .option('--plain', 'no line that changes, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the link of each file. A folder is sent as one: paths, times, empty folders, executable files, and symbolic links that stay inside;\n' +
        'unsent parts of it are named, and the exit code is 6. A failure does not stop the others: it is reported, and the exit code is its own, or 6 where several failed\n' +
        'in several ways. Called again it sends the missing ones. A file is sent as it was when it was opened, even if it is written to.',
    )
    .action(async (address, paths, flags) => (await import('./send.ts')).runSend(address, paths, flags))

  program
    .command('get')
    .description('bring files of a room here, verified, also while they are still arriving; goes on where it ended')
    .argument('[address]', '[name@]host[:port][/room], or the link of a file', 'localhost')
    .argument('[names...]', 'file names, or the first signs of their ids; without one the newest file')
    .option('-o, --output <path>', 'save under this very name, or write into this pipe or device; - is standard output')
    .option('--save <dir>', 'the folder to save into, as terima_<name> (here)')
    .option('--all', 'every file of the room that you may see, but those whose sender is away')
    .option('--collected <dir>', 'for moderators: all that was handed in, with a folder there for each person')
    .option('--expect <file>', 'with --collected: who should hand in, one name a line')
    .option('--csv', 'with --collected: the table as CSV, on standard output')
    .option('--limit <rate>', 'bytes a second at most, like 500k or 5M', rateOf)
    .option('--timeout <seconds>', 'give up when nothing has moved for so long (never)', secondsOf)
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'say nothing but errors')
    .option('--plain', 'no line that changes, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the path of each file. Nothing is ever overwritten, and files that are here already are not fetched again, so that the same command fetches\n' +
        'the missing ones. A failed file does not stop the others. A half file of another program goes on when it is\n' +
        'called <path>.part: tamtam get -o talk.pdf … goes on with talk.pdf.part.\n' +
        'With --collected the newest file of each name has that name, and those before it have their time in theirs; the table at the end lists who\n' +
        'has handed in and who has not: the members present since the room began to collect, and those named by --expect.',
    )
    .action(async (address, names, flags) => (await import('./get.ts')).runGet(address, names, flags))

  program
    .command('say')
    .description('say something in a room; it is there when the command ends')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('[text...]', 'the message; without it each line of standard input')
    .addHelpText(
      'after',
      '\nStandard input is UTF-8. A line that is refused (too long, not UTF-8) is told, and the others are said; the command then exits with 4.',
    )
    .action(async (address, words) => (await import('./say.ts')).runSay(address, words))

  program
    .command('tail')
    .description('show the messages of a room, old and new')
    .argument('<address>', '[name@]host[:port][/room]')
    .option('--after <seq>', 'everything behind this sequence number', countOf)
    .option('-n, --lines <count>', 'the newest so many, at most 500', countOf, 10)
    .option('--follow', 'go on with new messages', true)
    .option('--no-follow', 'end after the last message so far')
    .option('--json', 'one JSON object a line, with sequence numbers')
    .action(async (address, flags) => (await import('./tail.ts')).runTail(address, flags))

  program
    .command('ls')
    .description(
      'list the rooms of a host, with a room in the address its files and members, and without an address the hosts nearby',
    )
    .argument('[address]', '[name@]host[:port][/room]')
    .option('--json', 'one JSON object a line')
    .option('--collected', 'for moderators: who has handed in what, and who has not')
    .option('--expect <file>', 'with --collected: who should hand in, one name a line')
    .option('--csv', 'with --collected: the table as CSV, on standard output')
    .action(async (address, flags) => (await import('./ls.ts')).runLs(address, flags))

  program
    .command('rm')
    .description('take files and messages out of a room: your own, or, with the key of a moderator, any')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('<what...>', 'files by name or id; #12 is the message with this number, as tail --json shows it')
    .option('--json', 'one JSON object a line for each, on standard output')
    .addHelpText(
      'after',
      '\nThe bytes and the text are gone from the host; a line in the room tells that they were removed, and by whom. Whoever has fetched them keeps them.',
    )
    .action(async (address, what, flags) => (await import('./rm.ts')).runRm(address, what, flags))

  program
    .command('drop-link')
    .description('for moderators: an address by which anybody can hand in files to a room, and see nothing of it')
    .argument('<address>', '[name@]host[:port][/room]')
    .option('--expires <time>', 'how long it is valid, like 12h or 7d (7d)', spanTyped)
    .option('--list', 'print those that are valid')
    .option('--off <id>', 'take one back')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nIn a browser it is a page with a place for files and for a name. curl -T FILE LINK works as well, with -u NAME: for the name.',
    )
    .action(async (address, flags) => (await import('./drop-link.ts')).runDropLink(address, flags))

  program
    .command('token')
    .description('print the token of a host on this machine that was started with --lan')
    .option('--new', 'replace it: members who joined by the old one are removed, also while the host runs')
    .option('--ssh-owner <file>', "take the public SSH keys in this file for the owner's, and print their fingerprints")
    .option('--data <dir>', 'where the host keeps its data ($XDG_DATA_HOME/tamtam)')
    .action(async (flags) => (await import('./token.ts')).runToken(flags))

  program
    .command('export')
    .description('write the rooms of a stopped host, with their files, into one verified bundle')
    .argument('<file>', 'where to write it, a new file; - is standard output')
    .option('--data <dir>', 'where the host keeps history and files ($XDG_DATA_HOME/tamtam)')
    .option('--room <name>', 'only this room; may be given several times', (name, names: string[] = []) => [
      ...names,
      name,
    ])
    .option('--json', 'print the result as a JSON object')
    .action(async (path, flags) => (await import('./export.ts')).runExport(path, flags))

  program
    .command('import')
    .description('merge a bundle into the data of a stopped host; nothing is added twice')
    .argument('<file>', 'a bundle that tamtam export wrote; - is standard input')
    .option('--data <dir>', 'where the host keeps history and files ($XDG_DATA_HOME/tamtam)')
    .option('--json', 'print the additions as a JSON object')
    .action(async (path, flags) => (await import('./import.ts')).runImport(path, flags))

  program
    .command('doctor')
    .description('check whether a host would work well here: port, disk, clock, limits, and its stored data')
    .option('--data <dir>', 'where the host keeps history and files ($XDG_DATA_HOME/tamtam)')
    .option('--port <port>', 'port the host is to listen on (8268)')
    .option('--bind <address>', 'address it is to listen on (127.0.0.1)')
    .option('--config <file>', 'settings as JSON ($XDG_CONFIG_HOME/tamtam/config.json)')
    .option('--deep', 'read every file that is kept and compare its digest')
    .option('--json', 'one JSON object a line')
    .action(async (flags) => (await import('./doctor.ts')).runDoctor(flags))

  const config = program
    .command('config')
    .description('show every setting of a host, and where each comes from: flag, environment, file or default')
    .action(async (flags) => (await import('./config.ts')).runConfig(flags))
  for (const { flags, description } of program.commands.find((other) => other.name() === 'host')?.options ?? [])
    config.addOption(new Option(flags, description))

  program
    .command('completion')
    .description('print a script that lets a shell complete tamtam')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nbash: eval "$(tamtam completion bash)"\nzsh:  source <(tamtam completion zsh)\nfish: tamtam completion fish | source',
    )
    .action(async (shell: string) => {
      process.stdout.write((await import('./completion.ts')).completionFor(shell, program))
    })

  program
    .command('man')
    .description('print the manual page')
    .action(async () => {
      process.stdout.write((await import('./manual.ts')).manualOf(program))
    })

  return program
}

/** Carries out the command that was typed. */
export async function runProgram(): Promise<void> {
  try {
    await programOf().parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    else if (error instanceof CommandFailed) fail(error.exitCode, error.message)
    else fail(exitCodes.bug, `a bug of ours; please report it: ${stackOf(error)}`)
  }
}

/** At once: whatever did not start or stop must not hold the process. */
function fail(exitCode: number, message: string): void {
  process.stderr.write(`tamtam: ${message}\n`)
  process.exit(exitCode)
}

/** `5M`: bytes a second, in decimal units. */
function rateOf(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([kMG]?)(?:B?(?:\/s)?)$/i.exec(text) ?? []
  const bytes = Number(amount) * 1000 ** ' KMG'.indexOf(unit.toUpperCase() || ' ')
  if (!(bytes >= 1)) throw new InvalidArgumentError('write bytes a second like 500k or 5M.')
  return bytes
}

function secondsOf(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) > 1e6) throw new InvalidArgumentError('write seconds.')
  return Number(text) * 1000
}

/** `90m`, `12h` or `7d`, in seconds. */
function spanTyped(text: string): number {
  const seconds = spanOf(text)
  if (!seconds) throw new InvalidArgumentError('write a time like 90m, 12h or 7d.')
  return seconds
}

function countOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('write a whole number.')
  return Number(text)
}

function sizeOf(text: string): number {
  const bytes = bytesOf(text)
  if (bytes === undefined) throw new InvalidArgumentError('write a size like 500k or 50M.')
  return bytes
}
