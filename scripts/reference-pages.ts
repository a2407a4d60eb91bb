// Prints the pages of the reference that the code itself knows: `npm run commands`. A test compares each with what is printed.
import { readFileSync, writeFileSync } from 'node:fs'
import { exitMeanings } from '#app/cli/exit-codes.ts'
import { ENVIRONMENT } from '#app/cli/manual.ts'
import { programOf } from '#app/cli/program.ts'
import { settingsOf, variableOf } from '#app/config.ts'
import * as defaults from '#app/defaults.ts'
import { sizeText } from '#i18n/format.ts'
import { cells, code, commandsPage, withoutTags } from './commands-page.ts'
import { wrapped } from './wrap.ts'

const program = programOf()
const help = program.createHelp()
const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help')

const heading = (...titles: readonly string[]): readonly string[] => [cells(titles), cells(titles.map(() => '---'))]
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

/** Every command with its arguments and flags. */
function commandLinePage(): string {
  return page(
    '# Command line',
    'Printed from the definition that reads the command line, as `tamtam help COMMAND`, the manual page (`tamtam man`) and completion (`tamtam completion bash`, `zsh` or `fish`) are. An address is `[name@]host[:port][/room]`, with `tls://` in front where the host speaks TLS; the room is `lobby` where none is given. Commands end with [these exit codes](exit-codes.md).',
    ...commands.flatMap((command) => {
      const flags = help.visibleOptions(command).filter(({ long }) => long !== '--help')
      return [
        `## tamtam ${command.name()}`,
        code(`tamtam ${command.name()} ${command.usage()}`.trim()),
        sentence(help.commandDescription(command) || command.description()),
        command.name() === 'config'
          ? 'It takes every flag of `tamtam host`, to show its effect.'
          : command.name() === 'host'
            ? 'Its flags are also variables and entries of a file: [Settings](settings.md).'
            : '',
        ...(flags.length === 0 || command.name() === 'config'
          ? []
          : [
              [
                ...heading('flag', 'meaning'),
                ...flags.map((flag) => cells([code(flag.flags), help.optionDescription(flag)])),
              ].join('\n'),
            ]),
        afterHelp(command),
      ]
    }),
  )
}

/** The paragraph below the flags, which commander keeps to itself. */
function afterHelp(command: (typeof commands)[number]): string {
  let written = ''
  const plain = command.configureOutput()
  command.configureOutput({ ...plain, writeOut: (text) => (written += text) })
  command.outputHelp()
  command.configureOutput(plain)
  return written.slice(help.formatHelp(command, help).length).trim()
}

/** Every setting of a host. */
function settingsPage(): string {
  const host = commands.find((command) => command.name() === 'host')
  const values = new Map(
    settingsOf({}, { XDG_CONFIG_HOME: '/var/empty' }).map(({ name, value }) => [name, value] as const),
  )
  const rows = (host?.options ?? [])
    .filter(({ long }) => long !== '--config')
    .map((flag) => {
      const name = flag.attributeName()
      const value = values.get(name)
      return cells([
        code(flag.flags),
        code(variableOf(name)),
        code(name),
        value === undefined || (Array.isArray(value) && value.length === 0) ? '' : code(String(value)),
        flag.description,
      ])
    })
  return page(
    '# Settings',
    'Every setting of `tamtam host`, printed from the code. Precedence: flag, environment variable, configuration file, default. `tamtam config` prints each setting of a host and its source; flags after it show their effect.',
    'The configuration file is JSON: `$XDG_CONFIG_HOME/tamtam/config.json`, else `~/.config/tamtam/config.json`; `--config FILE` or `TAMTAM_CONFIG` names another.',
    '```json\n{ "lan": true, "lineFiles": "links", "roomQuota": "5G" }\n```',
    [...heading('flag', 'variable', 'in the file', 'default', 'meaning'), ...rows].join('\n'),
    'A variable of a flag without a value is `1` or `0`. Sizes are bytes, or `500k`, `5M`, `8G`, `1T`.',
    '## Variables of every command',
    [
      ...heading('variable', 'meaning'),
      ...ENVIRONMENT.map(([names, meaning]) =>
        cells([
          names
            .split(', ')
            .map((name) => code(name))
            .join(', '),
          meaning,
        ]),
      ),
    ].join('\n'),
    'Secrets come from variables or files and never from arguments, which every user of the machine can see.',
  )
}

/** The limits of one part of a host, and the interfaces whose comments tell what each is. */
const LIMITS: readonly (readonly [title: string, about: string, values: object, sources: readonly string[]])[] = [
  [
    'Rooms and files',
    '`createTamtam({ limits })`.',
    defaults.engineDefaults,
    [
      'src/domain/engine/limits.ts RetentionLimits',
      'src/domain/engine/limits.ts EngineLimits',
      'src/domain/room/mailbox.ts MailboxLimits',
      'src/domain/room/actor.ts ActorLimits',
      'src/domain/room/mailbox.ts MailboxLimits',
    ],
  ],
  [
    'Line protocol',
    '`createTamtam({ line })`.',
    defaults.lineDefaults,
    ['src/adapters/server/line/settings.ts LineSettings'],
  ],
  [
    'HTTP',
    '`createTamtam({ http })`.',
    defaults.httpDefaults,
    [
      'src/adapters/server/http/settings.ts HttpSettings',
      'src/adapters/server/security/failed-attempts.ts FailedAttemptSettings',
    ],
  ],
  [
    'Session protocol',
    '`createTamtam({ session })`.',
    defaults.sessionServerDefaults,
    ['src/adapters/server/session/settings.ts SessionServerSettings'],
  ],
  ['SSH', '`createTamtam({ ssh })`.', defaults.sshDefaults, ['src/adapters/server/ssh/settings.ts SshSettings']],
  [
    'Connections',
    '`tamtam.listen(…)`.',
    defaults.listenerDefaults,
    ['src/adapters/server/listener/listener.ts ListenerSettings'],
  ],
  [
    'Invitations and drop links',
    '',
    defaults.roomSecretDefaults,
    ['src/adapters/server/security/room-secrets.ts RoomSecretSettings'],
  ],
  ['Bundles', '', defaults.bundleDefaults, ['src/adapters/bundle/manifest.ts BundleLimits']],
  ['Certificates of `--tls`', '', defaults.identityDefaults, ['src/adapters/system/tls/identity.ts IdentitySettings']],
  [
    'Commands and programs as clients',
    '`connect(address, { settings })`.',
    { ...defaults.clientDefaults, ...defaults.sessionDefaults },
    [
      'src/adapters/client/settings.ts ClientSettings',
      'src/adapters/client/settings.ts SessionSettings',
      'src/domain/async/backoff.ts BackoffSettings',
    ],
  ],
]

function limitsPage(): string {
  return page(
    '# Limits',
    'Every bound and timeout, with its default, printed from `src/app/defaults.ts`. Some have a flag: [Settings](settings.md). A program that embeds tamtam sets them by these names. 0 stands for no limit where that makes sense.',
    ...LIMITS.flatMap(([title, about, values, sources]) => [
      `## ${title}`,
      about,
      [...heading('limit', 'default', 'meaning'), ...rowsOf(values, sources)].join('\n'),
    ]),
  )
}

/** A field without a comment belongs to the one before it: they share a row. */
function rowsOf(values: object, sources: readonly string[]): readonly string[] {
  const numbers = new Map(
    Object.entries(values).filter(([, value]) => typeof value === 'number' && value !== defaults.listenerDefaults.port),
  )
  const rows: { names: string[]; values: string[]; meaning: string }[] = []
  for (const source of sources) {
    const [path = '', name = ''] = source.split(' ')
    const [, body = ''] =
      new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(readFileSync(path, 'utf8')) ?? []
    for (const [, comment, field = ''] of body.matchAll(
      /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^ {2}readonly (\w+)\??: /gm,
    )) {
      if (comment !== undefined || rows.length === 0)
        rows.push({ names: [], values: [], meaning: (comment ?? '').replace(/\s*\n\s*\* /g, ' ').trim() })
      const value = numbers.get(field)
      if (value === undefined) continue
      rows.at(-1)?.names.push(code(field))
      rows.at(-1)?.values.push(shown(field, value))
    }
  }
  return rows
    .filter(({ names }) => names.length > 0)
    .map((row) => cells([row.names.join(', '), row.values.join(' · '), row.meaning]))
}

const DURATIONS = [
  ['days', 86_400_000, 2],
  ['h', 3_600_000, 1],
  ['min', 60_000, 1],
  ['s', 1000, 1],
  ['ms', 1, 0],
] as const

function shown(name: string, value: number): string {
  if (/Ms$/.test(name)) {
    const [unit, ms] = DURATIONS.find(([, each, least]) => value >= least * each) ?? DURATIONS[4]
    return `${value / ms} ${unit}`
  }
  if (!/bytes/i.test(name) || value === 0) return value.toLocaleString('en')
  if (value > 1e8 || value % 1024 > 0) return sizeText(value)
  if (value % 1024 ** 2 === 0) return `${value / 1024 ** 2} MiB`
  return `${value / 1024} KiB`
}

/** The end of every command. */
function exitCodesPage(): string {
  return page(
    '# Exit codes',
    'Printed from `src/app/cli/exit-codes.ts`. Codes up to 9 are ends of a command; those from 64 on are of hosts and systems, as `sysexits.h` has them.',
    [
      ...heading('code', 'meaning'),
      ...exitMeanings.map(([exit, meaning]) => cells([code(String(exit)), meaning])),
    ].join('\n'),
  )
}

/** Paragraphs of at most 100 columns; tables and code as they are. */
function page(...blocks: readonly string[]): string {
  return `${blocks
    .filter((block) => block !== '')
    .map((block) => (/^[|`#]/.test(block) && !/^`[^`]+`\S* /.test(block) ? block : wrapped(withoutTags(block))))
    .join('\n\n')}\n`
}

/** A badge like those of services, without one. */
function badge(label: string, value: string): string {
  const width = (text: string) => Math.round(6.6 * text.length + 12)
  const [left, right] = [width(label), width(value)]
  const text = (at: number, shown: string) => `<text x="${at}" y="14" text-anchor="middle">${shown}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${label}: ${value}">`,
    `<rect width="${left + right}" height="20" rx="3" fill="#24505c"/><path d="M${left} 0h${right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H${left}z" fill="#1f8a70"/>`,
    `<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">${text(left / 2, label)}${text(left + right / 2, value)}</g></svg>\n`,
  ].join('\n')
}

/** Every printed file, by its path. */
export function printedPages(): ReadonlyMap<string, string> {
  const { engines, license } = JSON.parse(readFileSync('package.json', 'utf8'))
  return new Map([
    ['docs/reference/commands.md', commandsPage()],
    ['docs/reference/command-line.md', commandLinePage()],
    ['docs/reference/settings.md', settingsPage()],
    ['docs/reference/limits.md', limitsPage()],
    ['docs/reference/exit-codes.md', exitCodesPage()],
    ['docs/images/badge-node.svg', badge('node', engines.node.replace('>=', '≥ '))],
    ['docs/images/badge-licence.svg', badge('licence', license)],
  ])
}

if (process.argv[1] === import.meta.filename) for (const [path, text] of printedPages()) writeFileSync(path, text)
