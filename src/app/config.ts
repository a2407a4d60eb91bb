import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { engineDefaults, lineDefaults, listenerDefaults } from './defaults.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

const wholeNumber = (name: string, most: number) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))], `${name} must be a whole number`),
    v.integer(`${name} must be a whole number`),
    v.minValue(0, `${name} must be 0 or more`),
    v.maxValue(most, `${name} must be at most ${most}`),
  )

const text = (name: string) => v.pipe(v.string(`${name} must be a text`), v.nonEmpty(`${name} must not be empty`))
const yesOrNo = v.union(
  [
    v.boolean(),
    v.pipe(
      v.picklist(['0', '1', 'true', 'false']),
      v.transform((word) => word === '1' || word === 'true'),
    ),
  ],
  'must be true or false',
)

/** Everything that can be set, by the name it has in the configuration file. */
const hostSchema = v.strictObject({
  port: v.optional(wholeNumber('port', 65_535), listenerDefaults.port),
  bind: v.optional(text('bind'), listenerDefaults.host),
  open: v.optional(yesOrNo, false),
  data: v.optional(text('data')),
  ephemeral: v.optional(yesOrNo, false),
  room: v.optional(text('room'), lineDefaults.room),
  lineFiles: v.optional(v.picklist(['inline', 'links'], 'line-files must be inline or links'), lineDefaults.files),
  rate: v.optional(wholeNumber('rate', 1_000_000)),
  history: v.optional(wholeNumber('history', 1_000_000_000), engineDefaults.historyEntries),
  name: v.optional(text('name'), 'host'),
  save: v.optional(text('save')),
  json: v.optional(yesOrNo, false),
  quiet: v.optional(yesOrNo, false),
  logLevel: v.optional(
    v.picklist(['info', 'warn', 'error', 'silent'], 'log-level must be info, warn, error or silent'),
    'warn',
  ),
})

export type HostConfig = v.InferOutput<typeof hostSchema>
type Values = Record<string, unknown>

/** Flags over environment over configuration file over defaults. Throws `CommandFailed` with what is wrong, and where. */
export function hostConfig(flags: Values, env: NodeJS.ProcessEnv): HostConfig {
  const named = flags['config'] ?? env['TAMTAM_CONFIG']
  const file = typeof named === 'string' ? readConfig(named) : readConfig(defaultConfigPath(env), 'optional')
  const { config: _config, ...settings } = flags
  const result = v.safeParse(hostSchema, { ...file, ...fromEnv(env), ...settings })
  if (result.success) return result.output
  const [issue] = result.issues
  const place = v.getDotPath(issue)
  throw new CommandFailed(
    exitCodes.usage,
    `${place === null ? '' : `${place}: `}${issue.message}; see tamtam help host`,
  )
}

/** Where history and files are kept when nobody says otherwise. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'tamtam')
}

function defaultConfigPath(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'tamtam', 'config.json')
}

/** `TAMTAM_LINE_FILES=links` is `lineFiles`. */
function fromEnv(env: NodeJS.ProcessEnv): Values {
  const found: Values = {}
  for (const key of Object.keys(hostSchema.entries)) {
    const value = env[`TAMTAM_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`]
    if (value !== undefined && value !== '') found[key] = value
  }
  return found
}

function readConfig(path: string, presence?: 'optional'): Values {
  if (presence === 'optional' && !existsSync(path)) return {}
  try {
    const values: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) return values as Values
  } catch (error) {
    throw new CommandFailed(exitCodes.usage, `the configuration ${path} can't be read: ${reason(error)}`, {
      cause: error,
    })
  }
  throw new CommandFailed(exitCodes.usage, `the configuration ${path} must be one JSON object`)
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))
