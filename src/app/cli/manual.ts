import type { Command } from 'commander'
import { translatorFor } from '#i18n/i18n.ts'
import { commandsAt } from '#protocol/commands.ts'
import { exitMeanings } from './exit-codes.ts'

const { say } = translatorFor('en')

/** The manual page, made of the definition that also reads the command line, as the completion scripts are. */
export function manualOf(program: Command): string {
  const help = program.createHelp()
  const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help')
  return [
    `.TH TAMTAM 1 "" "tamtam ${program.version()}" "User Commands"`,
    '.SH NAME',
    'tamtam \\- a chat room with a shared file drop, hosted in one command',
    '.SH SYNOPSIS',
    '.B tamtam',
    '.RI [ command ]',
    '.RI [ options ]',
    '.SH DESCRIPTION',
    roff(program.description()),
    'Without a command it hosts a room.',
    'An address is written [name@]host[:port][/room], with tls:// in front where the host speaks that.',
    '.SH COMMANDS',
    ...commands.flatMap((command) => [
      `.SS "${roff(`tamtam ${command.name()} ${command.usage()}`)}"`,
      `${roff(sentence(help.commandDescription(command) || command.description()))}`,
      ...help
        .visibleOptions(command)
        .flatMap((option) => ['.TP', `.B ${roff(option.flags)}`, roff(help.optionDescription(option))]),
    ]),
    '.SH "IN A ROOM"',
    'A command at host and join begins with a slash; all other input is a message. /limit is for host alone.',
    ...commandsAt('host').flatMap(({ usage, helpKey }) => ['.TP', `.B ${roff(usage)}`, roff(sentence(say(helpKey)))]),
    '.SH "EXIT STATUS"',
    ...exitMeanings.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([names, meaning]) => ['.TP', `.B ${roff(names)}`, roff(meaning)]),
    '.SH FILES',
    '.TP',
    '.I $XDG_CONFIG_HOME/tamtam/config.json',
    'Settings, by the names of the flags of host in camel case. Precedence: flag, environment (TAMTAM_PORT for \\-\\-port), this file, default.',
    '.TP',
    '.I $XDG_DATA_HOME/tamtam',
    'History and files of a host, and its secrets, in keys.',
    '.TP',
    '.I $XDG_CONFIG_HOME/tamtam/keys',
    'Your keys, by which hosts recognise you.',
    '.TP',
    '.I $XDG_CONFIG_HOME/tamtam/known_hosts',
    'The hosts reached over TLS, with the key of each.',
    '',
  ].join('\n')
}

/** The variables that every command reads. */
export const ENVIRONMENT = [
  ['TAMTAM_TOKEN, TAMTAM_PASSWORD', 'The token of the host, and the password of the room.'],
  ['TAMTAM_TOKEN_FILE, TAMTAM_PASSWORD_FILE', 'The same, in files that are yours alone (0600).'],
  [
    'TAMTAM_KEY_FILE',
    'A file (0600) with the key of join and of commands for moderators, such as keys/owner of a host.',
  ],
  [
    'TAMTAM_CLUSTER_KEY',
    'Secret that all nodes of a cluster share: messages without its seal are left out, and shared secrets are encrypted.',
  ],
  ['TAMTAM_CONFIG', 'Another file of settings; --config takes precedence.'],
  ['NO_COLOR, TERM=dumb', 'No colours; no cursor that moves.'],
  ['LC_ALL, LC_MESSAGES, LANG', 'Language of host and join; id is Indonesian.'],
] as const

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

/** A line that begins with a dot or quote would be a request. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^(?=[.'])/, '\\&')
