// Prints docs/reference/commands.md from the command table: `npm run commands`. A test holds the page to the table.
import { writeFileSync } from 'node:fs'
import { PERMISSIONS } from '#domain/room/moderation.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { COMMANDS, type Command, type FrontEnd, LINE_SYNTAX } from '#protocol/commands.ts'

const { say } = translatorFor('en')

const FRONT_ENDS: readonly (readonly [FrontEnd, string])[] = [
  ['line', 'netcat'],
  ['terminal', '`tamtam join`'],
  ['host', '`tamtam host`'],
  ['page', 'browser'],
]

const cells = (texts: readonly string[]): string =>
  `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
const code = (usage: string): string => `\`${usage}\``

const forOps = ({ permission }: Command): boolean =>
  permission !== undefined && !PERMISSIONS[permission].includes('member')

const row = (command: (typeof COMMANDS)[number]): string => {
  const { usage, helpKey, at }: Pick<Command, 'at' | 'usage'> & { helpKey: typeof command.helpKey } = command
  return cells([
    code(usage),
    `${forOps(command) ? 'operators: ' : ''}${say(helpKey)}`,
    ...FRONT_ENDS.map(([frontEnd]) => (at.includes(frontEnd) ? 'yes' : '')),
  ])
}

/** The page as it should be. */
export const commandsPage = (): string =>
  [
    '# Commands',
    '',
    'Every command and the clients that understand it, printed from the one table that reads them all (`src/adapters/protocol/commands.ts`). `/help` lists',
    'the commands of the client at hand: on the line protocol, those that the member may use. A word that is unknown is never said to the room.',
    '',
    cells(['command', 'what it does', ...FRONT_ENDS.map(([, name]) => name)]),
    cells(['---', '---', ...FRONT_ENDS.map(() => '---')]),
    ...COMMANDS.map(row),
    '',
    'The line protocol understands besides ([all of it](line-protocol.md)):',
    '',
    cells(['typed', 'what it does']),
    cells(['---', '---']),
    ...LINE_SYNTAX.map(({ usage, helpKey }) => cells([code(usage), say(helpKey)])),
    '',
  ].join('\n')

if (process.argv[1] === import.meta.filename) writeFileSync('docs/reference/commands.md', commandsPage())
