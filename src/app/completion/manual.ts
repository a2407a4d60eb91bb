import type { Command } from 'commander'
import { exitMeanings } from '../exit-codes.ts'

/** The manual page, made of the definition that also reads the command line, as the completion scripts are. */
export const addManual = (program: Command): Command =>
  program
    .command('man')
    .description('print the manual page')
    .action(() => {
      process.stdout.write(manualOf(program))
    })

function manualOf(program: Command): string {
  const help = program.createHelp()
  const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help')
  return [
    `.TH TAMTAM 1 "" "tamtam ${program.version()}" "User Commands"`,
    '.SH NAME',
    'tamtam \\- a chat room with a file drop that one command hosts',
    '.SH SYNOPSIS',
    '.B tamtam',
    '.RI [ command ]',
    '.RI [ options ]',
    '.SH DESCRIPTION',
    roff(program.description()),
    'Without a command it hosts a room.',
    'An address is written [name@]host[:port][/room].',
    '.SH COMMANDS',
    ...commands.flatMap((command) => [
      `.SS "${roff(`tamtam ${command.name()} ${command.usage()}`)}"`,
      `${roff(sentence(help.commandDescription(command) || command.description()))}`,
      ...help
        .visibleOptions(command)
        .flatMap((option) => ['.TP', `.B ${roff(option.flags)}`, roff(help.optionDescription(option))]),
    ]),
    '.SH "EXIT STATUS"',
    ...exitMeanings.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '.SH FILES',
    '.TP',
    '.I $XDG_CONFIG_HOME/tamtam/config.json',
    'Settings, by the names of the flags of host in camel case. The environment (TAMTAM_PORT for \\-\\-port) goes over it, flags over both.',
    '.TP',
    '.I $XDG_DATA_HOME/tamtam',
    'History and files of a host.',
    '',
  ].join('\n')
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

/** A line that begins with a dot or quote would be a request. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^(?=[.'])/, '\\&')
