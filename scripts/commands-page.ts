// The page of chat commands, from the command table: `scripts/reference-pages.ts` writes it.
import { PERMISSIONS } from '#domain/room/permissions.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { COMMANDS, type Command, type FrontEnd, LINE_SYNTAX } from '#protocol/commands.ts'

const { say } = translatorFor('en')

const FRONT_ENDS: readonly (readonly [FrontEnd, string])[] = [
  ['line', 'netcat'],
  ['terminal', '`tamtam join`'],
  ['host', '`tamtam host`'],
  ['page', 'browser'],
]

/** `<name>` outside of code would be a tag of HTML. */
export const withoutTags = (text: string): string =>
  text.replace(/`[^`]*`|</g, (found) => (found === '<' ? '\\<' : found))

/** A row of a table. */
export const cells = (texts: readonly string[]): string =>
  `| ${texts.map((text) => withoutTags(text).replaceAll('|', '\\|')).join(' | ')} |`
export const code = (usage: string): string => `\`${usage}\``

const forOps = ({ permission }: Command): boolean =>
  permission !== undefined && !PERMISSIONS[permission].includes('member')

const row = (command: (typeof COMMANDS)[number]): string => {
  const { usage, helpKey, at }: Pick<Command, 'at' | 'usage'> & { helpKey: typeof command.helpKey } = command
  return cells([
    code(usage),
    `${forOps(command) ? 'moderators: ' : ''}${say(helpKey)}`,
    ...FRONT_ENDS.map(([frontEnd]) => (at.includes(frontEnd) ? 'yes' : '')),
  ])
}

/** The page as it should be. */
export const commandsPage = (): string =>
  [
    '# Commands',
    '',
    'Every chat command and the clients that understand it, printed from the one table that reads them',
    'all (`src/adapters/protocol/commands.ts`). `/help` lists the commands of the client at hand: on the',
    'line protocol, those that the member may use. An unknown word is never said to the room.',
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
