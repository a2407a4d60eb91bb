import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { ownCommand, version } from '#app/about.ts'
import { isPrefix } from '#domain/names/saved-name.ts'
import { languages } from '#i18n/translator.ts'
import { bytesOf, spanOf } from '#protocol/amounts.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'
import { stackOf } from './stack.ts'

/** Every command, in the order of help. Its implementation is loaded when it runs; help, completion and the manual page do without. */
export function programOf(): Command {
  const program = new Command('tamtam')
    .description('Hosts a chat room with a shared file drop in one command; people join with the programs they have.')
    .version(version, '--version', 'print the version')
    .exitOverride()
    // All errors look alike. `tamtam --help | head`: a reader that goes away is no failure.
    .configureOutput({
      writeOut: (text) => void process.stdout.on('error', () => {}).write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'tamtam: ')),
    })
    .showHelpAfterError(`(${ownCommand('help')} lists the commands)`)

  program
    .command('host', { isDefault: true })
    .description('host a room (the default)')
    .option('--port <port>', 'port to listen on; 0 picks a free one (8268)')
    .option('--lan', 'listen on the network; people need the token printed at start')
    .option('--bind <address>', 'address to listen on (127.0.0.1; with --lan all addresses)')
    .option('--open', 'no token: everyone who can reach this host can join')
    .option(
      '--host-names <names>',
      'further names of this host in addresses, beside localhost, its IP addresses and, with --lan, its machine names',
    )
    .option(
      '--trust-proxy <networks>',
      'networks of proxies, such as 127.0.0.1,10.0.0.0/8, that are believed: X-Forwarded-For, Forwarded, the PROXY protocol',
    )
    .option('--base-path <path>', 'the path of this host behind a proxy, such as /chat')
    .option(
      '--public-url <url>',
      'where people elsewhere find this host, such as https://chat.example.org/chat: for all links that it gives, and its name and path',
    )
    .option('--tls', 'TLS only, with a certificate that the host makes and keeps in its data directory')
    .option('--cert <file>', 'TLS only, with the certificate chain in this file (PEM)')
    .option('--key <file>', 'private key of --cert (PEM)')
    .option('--data <dir>', 'directory of history and files ($XDG_DATA_HOME/tamtam)')
    .option('--shared-disk', 'accept a network disk for --data: no other host uses that directory')
    .option(
      '--cluster <servers>',
      'NATS servers of the cluster that this host is a node of: nats://10.0.0.1,10.0.0.2,10.0.0.3',
    )
    .option('--cluster-name <name>', 'name of the cluster, the same at every node (tamtam)')
    .option('--node <name>', 'name of this node (the machine name)')
    .option('--advertise <url>', 'where other nodes reach this one (the address by which it reaches NATS)')
    .option('--cluster-replicas <count>', 'copies of the log in NATS (3; with fewer servers 1)')
    .option('--cluster-shards <count>', 'streams that the rooms are spread over, fixed when the cluster is made (4)')
    .option('--drain <seconds>', 'time in which a node that stops sends its people to others (5)')
    .option('--ephemeral', 'keep everything in memory; nothing is left when the host stops')
    .option('--room <name>', 'room that people join first (lobby)')
    .option(
      '--line-files <how>',
      'how files reach netcat: links (a line that names them), inline (their bytes), or auto: inline until a command is typed (auto)',
    )
    .option('--inline-max <bytes>', 'larger files reach netcat as links only; 0: none is too large (100M)')
    .option('--rate <lines>', 'lines a second from one connection, on loopback too; 0: no limit (50; on loopback 0)')
    .option('--limit <bytes>', 'bandwidth of all transfers together in bytes a second, like 5M; 0: no limit (0)')
    .option('--limit-each <bytes>', 'bandwidth of each upload and each download (0)')
    .option('--max-file <bytes>', 'size limit of one file, like 8G; 0: as large as its room keeps (0)')
    .option('--host-quota <bytes>', 'bytes of files that this host keeps; 0: as many as its disk holds (50G)')
    .option(
      '--room-quota <bytes>',
      'bytes of files that a room keeps: newer files replace the oldest; 0: as many as the host keeps (20G)',
    )
    .option('--keep-days <days>', 'days until a file is removed; 0: never (30)')
    .option('--history <entries>', 'entries kept of each room (100000)')
    .option('--irc-name <name>', 'what this host calls itself to clients of IRC (tamtam.irc)')
    .option('--unattended', 'nobody sits at this host: it is no member of its room, and saves no copies of files')
    .option('--name <name>', 'your nick in the room (host)')
    .option(
      '--save <dir>',
      'directory for copies of received files, where they stay (terima/ in the data directory; without a terminal a copy goes with its file)',
    )
    .option('--prefix <text>', 'put this before the names of these copies (terima_)')
    .option('--json', 'one JSON object a line on standard output')
    .option('--quiet', 'print errors only')
    .option('--plain', 'one line an event, without cursor movement')
    .option('--lang <language>', 'language of this terminal: en or id (as LANG says)')
    .option('--log-level <level>', 'log on standard error: info, warn, error or silent (warn)')
    .option('--config <file>', 'settings as JSON ($XDG_CONFIG_HOME/tamtam/config.json)')
    .allowExcessArguments()
    .action(async (flags, { args: [word] }: Command) => {
      if (word !== undefined)
        throw new CommandFailed(
          exitCodes.usage,
          `there is no command ${word}; ${ownCommand('help')} lists the commands`,
        )
      // It loads in parallel to this thread, and takes as long.
      const thread = flags.ephemeral ? undefined : new (await import('#storage/sqlite/worker-link.ts')).WorkerLink()
      await (await import('./host.ts')).runHost(flags, thread)
    })

  program
    .command('join')
    .description('join a room: chat, and files with /send and /get')
    .argument('[address]', '[name@]host[:port][/room]', 'localhost')
    .addOption(
      new Option('--auto <size>', 'files up to this size download automatically')
        .argParser(sizeOf)
        .default(50_000_000, '50M'),
    )
    .addOption(new Option('--save <dir>', 'the folder that files are saved into').default('.', 'here'))
    .addOption(
      new Option('--prefix <text>', 'put this before the names of saved files, such as terima_')
        .argParser(prefixTyped)
        .default('', 'none'),
    )
    .option('--limit <rate>', 'bandwidth of each transfer in bytes a second, like 500k or 5M', rateOf)
    .addOption(new Option('--lang <language>', 'language of this terminal (as LANG says)').choices(languages))
    .option('--plain', 'one line an event, without cursor movement')
    .addHelpText(
      'after',
      '\nEach line of a pipe (UTF-8) is a message; the command ends when all of them are in the room. A refused line is reported, the others are said, and it exits with 4.',
    )
    .action(async (address, flags) => (await import('./join.ts')).runJoin(address, flags))

  program
    .command('send')
    .description('send files and folders to a room; resumes an earlier attempt, also of another client')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('<files...>', 'files, folders and pipes; - sends standard input')
    .option('--limit <rate>', 'bandwidth in bytes a second, like 500k or 5M', rateOf)
    .option('--wait', 'wait until every member present has verified it')
    .option('--timeout <seconds>', 'give up after so long without progress (never)', secondsOf)
    .option('--name <name>', 'the name of the file or folder in the room')
    .option('--to <nick>', 'for this member of the room only')
    .option('--expires <time>', 'remove it after this time, like 90m, 12h or 7d', spanTyped)
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'print errors only')
    .option('--plain', 'no changing lines, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the link of each file. A folder is one file in the room, with its paths, times, empty folders, executable files and the symbolic links that stay inside;\n' +
        'unsent parts of it are named, and the exit code is 6. A failure does not stop the other files: it is reported, and its exit code is kept, or 6 after\n' +
        'different failures. The same command again sends the missing files. A file is sent as it was when it was opened.',
    )
    .action(async (address, paths, flags) => (await import('./send.ts')).runSend(address, paths, flags))

  program
    .command('get')
    .description('download files of a room, verified, also while they are still arriving; resumes')
    .argument('[address]', '[name@]host[:port][/room], or the link of a file', 'localhost')
    .argument(
      '[names...]',
      'file names, paths in a folder (photos/sub/a.jpg), or the first characters of ids; without one the newest file',
    )
    .option('-o, --output <path>', 'save under this name, or write into this pipe or device; - is standard output')
    .option('--save <dir>', 'the folder to save into (here)')
    .option('--prefix <text>', 'put this before the names of saved files, such as terima_', prefixTyped)
    .option('--all', 'every file that you may see, without those on their way whose sender is gone')
    .option('--collected <dir>', 'for moderators: all hand-ins, into one folder for each person')
    .option('--expect <file>', 'with --collected: the people who should hand in, one name a line')
    .option('--csv', 'with --collected: the table as CSV, on standard output')
    .option('--limit <rate>', 'bandwidth in bytes a second, like 500k or 5M', rateOf)
    .option('--timeout <seconds>', 'give up after so long without progress (never)', secondsOf)
    .option('--json', 'one JSON object a line for each file, on standard output')
    .option('--quiet', 'print errors only')
    .option('--plain', 'no changing lines, even on a terminal')
    .addHelpText(
      'after',
      '\nPrints the path of each file. Nothing is overwritten, and files that are here already are skipped, so that the same command again brings\n' +
        'the missing ones. A failure does not stop the other files. A partial file of another program is resumed when it is\n' +
        'called <path>.part: tamtam get -o talk.pdf … resumes talk.pdf.part.\n' +
        'With --collected the newest file of a name has that name, and earlier ones have their time in theirs; the table at the end lists who\n' +
        'has handed in and who has not: everyone present since the room began to collect, and the people named by --expect.',
    )
    .action(async (address, names, flags) => (await import('./get.ts')).runGet(address, names, flags))

  program
    .command('say')
    .description('send messages to a room; they are saved when the command ends')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('[text...]', 'the message; without it each line of standard input')
    .addHelpText(
      'after',
      '\nStandard input is UTF-8. A refused line (too long, not UTF-8) is reported, the others are said, and the command exits with 4.',
    )
    .action(async (address, words) => (await import('./say.ts')).runSay(address, words))

  program
    .command('tail')
    .description('print the messages of a room, old and new')
    .argument('<address>', '[name@]host[:port][/room]')
    .option('--after <seq>', 'everything after this sequence number', countOf)
    .option('-n, --lines <count>', 'this many of the newest, at most 500', countOf, 10)
    .option('--follow', 'wait for new messages', true)
    .option('--no-follow', 'end after the newest message')
    .option('--json', 'one JSON object a line, with sequence numbers')
    .action(async (address, flags) => (await import('./tail.ts')).runTail(address, flags))

  program
    .command('ls')
    .description(
      'list the rooms of a host; with a room in the address its files and members; without an address the hosts nearby',
    )
    .argument('[address]', '[name@]host[:port][/room]')
    .option('--json', 'one JSON object a line')
    .option('--collected', 'for moderators: who has handed in, and who has not')
    .option('--expect <file>', 'with --collected: the people who should hand in, one name a line')
    .option('--csv', 'with --collected: the table as CSV, on standard output')
    .action(async (address, flags) => (await import('./ls.ts')).runLs(address, flags))

  program
    .command('share')
    .description('show how others come into a room: its link, its QR code, and the commands')
    .argument('[address]', '[name@]host[:port][/room]', 'localhost')
    .action(async (address) => (await import('./share.ts')).runShare(address))

  program
    .command('rm')
    .description('remove files and messages from a room: your own, or with the key of a moderator any')
    .argument('<address>', '[name@]host[:port][/room]')
    .argument('<what...>', 'files by name or id; #12 is message 12, as tail --json numbers it')
    .option('--json', 'one JSON object a line for each, on standard output')
    .addHelpText(
      'after',
      '\nBytes and text are gone from the host; a line in the room tells that they were removed, and by whom. People who have them keep them. A folder goes as a whole.',
    )
    .action(async (address, what, flags) => (await import('./rm.ts')).runRm(address, what, flags))

  program
    .command('drop-link')
    .description('for moderators: an address where anybody can hand in files to a room without seeing it')
    .argument('<address>', '[name@]host[:port][/room]')
    .option('--expires <time>', 'validity, like 12h or 7d (7d)', spanTyped)
    .option('--list', 'print the valid ones')
    .option('--off <id>', 'revoke one')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nIn a browser it is a page with a place for files and a name. curl -T FILE LINK works too, with -u NAME: for the name.',
    )
    .action(async (address, flags) => (await import('./drop-link.ts')).runDropLink(address, flags))

  program
    .command('token')
    .description('print the token of a host on this machine that was started with --lan')
    .option('--new', 'replace it, also while the host runs: anyone who joined with the old one is disconnected')
    .option('--ssh-owner <file>', "take the public SSH keys in this file for the owner's, and print their fingerprints")
    .option('--data <dir>', 'data directory of the host ($XDG_DATA_HOME/tamtam)')
    .action(async (flags) => (await import('./token.ts')).runToken(flags))

  program
    .command('nats-conf')
    .description('print the configuration of a NATS server for a cluster')
    .argument('<addresses>', 'addresses of all servers, separated by commas, like 10.0.0.1,10.0.0.2,10.0.0.3')
    .option('--node <number>', 'number of this server among them, from 1', countOf, 1)
    .option('--name <name>', 'name of the cluster of NATS (tamtam)')
    .option('--store <dir>', 'directory of the store of NATS (./nats)')
    .addHelpText(
      'after',
      '\nOn each machine: tamtam nats-conf 10.0.0.1,10.0.0.2,10.0.0.3 --node 1 > nats.conf, then nats-server -c nats.conf.\nThe server must be 2.11 or newer.',
    )
    .action(async (addresses, flags) => (await import('./nats-conf.ts')).runNatsConf(addresses, flags))

  program
    .command('cluster')
    .description('list the nodes of a cluster that live, with their members and how far each is behind; or forget one')
    .argument('[action]', 'forget')
    .argument('[node]', 'the name of a node that is lost for good')
    .option('--cluster <servers>', 'NATS servers of the cluster: nats://10.0.0.1,10.0.0.2,10.0.0.3')
    .option('--cluster-name <name>', 'name of the cluster (tamtam)')
    .option('--json', 'print the result as a JSON object')
    .addHelpText(
      'after',
      '\ntamtam cluster forget NODE: its files are copied again from the other nodes, and those that none has are named.',
    )
    .action(async (action, node, flags) => (await import('./cluster.ts')).runCluster(flags, action, node))

  program
    .command('export')
    .description('write the rooms of a stopped host, with their files, into one verified bundle')
    .argument('<file>', 'a new file for it; - is standard output')
    .option('--data <dir>', 'data directory of the host ($XDG_DATA_HOME/tamtam)')
    .option('--room <name>', 'only this room; may be repeated', (name, names: string[] = []) => [...names, name])
    .option('--json', 'print the result as a JSON object')
    .action(async (path, flags) => (await import('./export.ts')).runExport(path, flags))

  program
    .command('import')
    .description('merge a bundle into the rooms of a stopped host; nothing is added twice')
    .argument('<file>', 'a bundle that tamtam export wrote; - is standard input')
    .option('--data <dir>', 'data directory of the host ($XDG_DATA_HOME/tamtam)')
    .option('--json', 'print the additions as a JSON object')
    .action(async (path, flags) => (await import('./import.ts')).runImport(path, flags))

  const doctor = program
    .command('doctor')
    .description('check this machine and the stored data: port, disk, clock, limits, damage')
    .option('--data <dir>', 'data directory of the host ($XDG_DATA_HOME/tamtam)')
    .option('--port <port>', 'port of the host (8268)')
    .option('--bind <address>', 'address of the host (127.0.0.1)')
    .option('--config <file>', 'settings as JSON ($XDG_CONFIG_HOME/tamtam/config.json)')
    .option('--deep', 'read every file and compare its digest')
    .option('--json', 'one JSON object a line')
    .action(async (flags) => (await import('./doctor.ts')).runDoctor(flags))

  const config = program
    .command('config')
    .description('print every setting of a host and its source: flag, environment, file or default')
    .action(async (flags) => (await import('./config.ts')).runConfig(flags))
  for (const { flags, description, long } of program.commands.find((other) => other.name() === 'host')?.options ?? []) {
    config.addOption(new Option(flags, description))
    // With these it tells which files expire soon.
    if (long !== undefined && ['--host-quota', '--room-quota', '--keep-days'].includes(long))
      doctor.addOption(new Option(flags, description))
  }

  program
    .command('completion')
    .description('print the completion script of a shell')
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

/** Runs the typed command. */
export async function runProgram(): Promise<void> {
  try {
    await programOf().parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    else if (error instanceof CommandFailed) fail(error.exitCode, error.message)
    else fail(exitCodes.bug, `a bug of ours; please report it: ${stackOf(error)}`)
  }
}

/** At once: nothing that is still starting or stopping may hold the process. */
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

function prefixTyped(text: string): string {
  if (!isPrefix(text)) throw new InvalidArgumentError('write up to 40 bytes that a file name may begin with.')
  return text
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
