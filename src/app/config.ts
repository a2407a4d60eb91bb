import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { ownCommand } from '#app/about.ts'
import { isPrefix, SEED_PREFIX } from '#domain/names/saved-name.ts'
import { failureText } from '#domain/names/text.ts'
import { languages } from '#i18n/i18n.ts'
import { bytesOf } from '#protocol/amounts.ts'
import { networkIn } from '#server/connection/trusted-proxies.ts'
import { isBasePath } from '#server/http/settings.ts'
import { textOf } from '#system/files/text.ts'
import { CommandFailed, exitCodes } from './cli/exit-codes.ts'
import { clusterDefaults, engineDefaults, ircDefaults, lineDefaults, listenerDefaults } from './defaults.ts'

const wholeNumber = (most: number) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))], 'must be a whole number'),
    v.integer('must be a whole number'),
    v.minValue(0, 'must be 0 or more'),
    v.maxValue(most, `must be at most ${most}`),
  )

/** Bytes, as people write them: `5M`. */
const size = v.pipe(
  v.union([v.number(), v.string()], 'must be a size such as 5M'),
  v.transform((given) => bytesOf(String(given)) ?? Number.NaN),
  v.safeInteger('must be a size such as 5M'),
)

const NATS_PORT = 4222
/** The most that JetStream keeps of a stream. */
const MOST_REPLICAS = 5
const MOST_SHARDS = 64

const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'))
/** An address in any spelling: `[::1]`, `LOCALHOST.`. */
const addressText = v.pipe(
  text,
  v.transform((given) => given.replace(/^\[(.*)\]$/, '$1').replace(/^localhost\.?$/i, 'localhost')),
)
const oneOf = <const Translator extends readonly [string, ...string[]]>(words: Translator) =>
  v.picklist(words, `must be one of ${words.join(', ')}`)
/** One or more values, separated by commas, or a JSON array of them. */
const list = v.pipe(
  v.union([v.string(), v.array(v.string())], 'must be names with commas between'),
  v.transform((given) =>
    [given]
      .flat()
      .flatMap((each) => each.split(','))
      .map((each) => each.trim()),
  ),
  v.array(v.pipe(v.string(), v.nonEmpty('must not hold an empty name'))),
)
/** `nats://10.0.0.1,10.0.0.2`: one scheme for all, and the usual port. */
const serverList = v.pipe(
  list,
  v.transform((servers) => {
    const [, scheme = 'nats'] = /^(nats|tls):\/\//.exec(servers[0] ?? '') ?? []
    return servers.map((server) => {
      const url = server.includes('://') ? server : `${scheme}://${server}`
      return /:\d+$/.test(url) ? url : `${url}:${NATS_PORT}`
    })
  }),
  v.array(v.string()),
  v.check((servers) => servers.every(isServer), 'must be addresses like nats://10.0.0.1,10.0.0.2,10.0.0.3'),
)
const clusterWord = v.pipe(text, v.regex(/^[\w-]{1,32}$/, 'must be 1 to 32 letters, digits, - and _'))
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

function isServer(text: string): boolean {
  return URL.canParse(text) && /^(nats|tls):$/.test(new URL(text).protocol) && new URL(text).hostname !== ''
}

/** Networks, separated by commas. */
const networks = v.pipe(
  list,
  v.check((given) => given.every((each) => networkIn(each) !== undefined), 'must be networks such as 10.0.0.0/8'),
)
const basePath = v.pipe(
  v.string('must be a path such as /chat'),
  v.transform((given) => given.replace(/\/+$/, '')),
  v.check(isBasePath, 'must be a path such as /chat'),
)

/** The public URL of a host: `https://chat.example.org/chat`, without a slash at its end. */
const publicUrl = v.pipe(
  text,
  v.transform(publicUrlIn),
  v.string('must be an address of HTTP such as https://chat.example.org/chat, with nothing behind its path'),
)

function publicUrlIn(given: string): string | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  const path = url.pathname.replace(/\/+$/, '')
  // Only these parts: no user, no query, no fragment.
  const isPlain = url.href.replace(/\/+$/, '') === url.origin + path
  return isPlain && isBasePath(path) ? url.origin + path : undefined
}

/** The address of this node for other nodes: scheme, host and port only. */
const advertised = v.pipe(
  publicUrl,
  v.check(
    (url) => URL.canParse(url) && new URL(url).pathname === '/',
    'must be an address such as http://10.0.0.1:8268',
  ),
)

const ircName = v.pipe(
  text,
  v.regex(/^(?=.{3,63}$)[A-Za-z\d-]+(?:\.[A-Za-z\d-]+)+$/, 'must be a name with a dot, such as chat.example'),
)

const NO_PREFIX = 'must be up to 40 bytes that a file name may begin with'
const prefix = v.pipe(v.string(NO_PREFIX), v.check(isPrefix, NO_PREFIX))

/** All settings, by their names in the configuration file. */
const settings = {
  port: v.optional(wholeNumber(65_535), listenerDefaults.port),
  bind: v.optional(addressText),
  lan: v.optional(yesOrNo, false),
  open: v.optional(yesOrNo, false),
  hostNames: v.optional(list, []),
  trustProxy: v.optional(networks, []),
  basePath: v.optional(basePath),
  publicUrl: v.optional(publicUrl),
  tls: v.optional(yesOrNo, false),
  cert: v.optional(text),
  key: v.optional(text),
  data: v.optional(text),
  ephemeral: v.optional(yesOrNo, false),
  sharedDisk: v.optional(yesOrNo, false),
  cluster: v.optional(serverList),
  clusterName: v.optional(clusterWord, clusterDefaults.name),
  node: v.optional(clusterWord),
  advertise: v.optional(advertised),
  clusterReplicas: v.optional(v.pipe(wholeNumber(MOST_REPLICAS), v.minValue(1, 'must be 1 or more'))),
  clusterShards: v.optional(
    v.pipe(wholeNumber(MOST_SHARDS), v.minValue(1, 'must be 1 or more')),
    clusterDefaults.shards,
  ),
  drain: v.optional(wholeNumber(3600), clusterDefaults.drainMs / 1000),
  room: v.optional(text, lineDefaults.room),
  lineFiles: v.optional(oneOf(['auto', 'inline', 'links']), lineDefaults.files),
  inlineMax: v.optional(size, lineDefaults.inlineMaxBytes),
  rate: v.optional(wholeNumber(1_000_000)),
  limit: v.optional(size, engineDefaults.hostBytesPerSecond),
  limitEach: v.optional(size, engineDefaults.transferBytesPerSecond),
  maxFile: v.optional(size, engineDefaults.maxFileBytes),
  hostQuota: v.optional(size, engineDefaults.hostQuotaBytes),
  roomQuota: v.optional(size, engineDefaults.roomQuotaBytes),
  keepDays: v.optional(wholeNumber(1_000_000), engineDefaults.fileDays),
  history: v.optional(wholeNumber(1_000_000_000), engineDefaults.historyEntries),
  ircName: v.optional(ircName, ircDefaults.name),
  unattended: v.optional(yesOrNo, false),
  name: v.optional(text, 'host'),
  save: v.optional(text),
  prefix: v.optional(prefix, SEED_PREFIX),
  json: v.optional(yesOrNo, false),
  quiet: v.optional(yesOrNo, false),
  plain: v.optional(yesOrNo, false),
  lang: v.optional(oneOf(languages)),
  logLevel: v.optional(oneOf(['info', 'warn', 'error', 'silent']), 'warn'),
}
const hostSchema = v.strictObject(settings, (issue) =>
  issue.expected === 'never' ? 'is no setting' : 'must be one JSON object',
)

export type HostConfig = v.InferOutput<typeof hostSchema>
type Values = Record<string, unknown>

/** The limits of stored files, as set. */
export const fileLimitsOf = ({ maxFile, hostQuota, roomQuota, keepDays }: HostConfig) => ({
  maxFileBytes: maxFile,
  hostQuotaBytes: hostQuota,
  roomQuotaBytes: roomQuota,
  fileDays: keepDays,
})

/** Flags over environment over configuration file over defaults. Throws `CommandFailed` with the fault and its place. */
export function hostConfig(flags: Values, env: NodeJS.ProcessEnv): HostConfig {
  const { file, given } = layersOf(flags, env)
  const result = v.safeParse(hostSchema, { ...file.values, ...fromEnv(env), ...given })
  if (result.success) return withOnePath(result.output)
  const [issue] = result.issues
  const key = v.getDotPath(issue) ?? ''
  const name = key in settings ? key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : key
  throw new CommandFailed(exitCodes.usage, `${name} ${issue.message}; see ${ownCommand('help host')}`)
}

/** Takes the base path from the public URL. */
function withOnePath(config: HostConfig): HostConfig {
  const { basePath, publicUrl } = config
  if (publicUrl === undefined) return config
  const { pathname } = new URL(publicUrl)
  const path = pathname === '/' ? '' : pathname
  if (basePath === undefined || basePath === path) return path === '' ? config : { ...config, basePath: path }
  throw new CommandFailed(
    exitCodes.usage,
    `base-path ${basePath} is not the path of public-url ${publicUrl}; leave one of them out`,
  )
}

/** The value of one setting. */
export interface Setting {
  readonly name: string
  /** Undefined if it is not set and has no default. */
  readonly value: unknown
  /** The flag, the variable, the file, or `default`. */
  readonly source: string
}

/** Every setting with its source. Throws what `hostConfig` throws. */
export function settingsOf(flags: Values, env: NodeJS.ProcessEnv): readonly Setting[] {
  const { file, given } = layersOf(flags, env)
  const variables = fromEnv(env)
  const config: Values = hostConfig(flags, env)
  return Object.keys(settings).map((name) => {
    const value = config[name]
    if (name in given)
      return { name, value, source: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` }
    if (name in variables) return { name, value, source: variableOf(name) }
    return { name, value, source: name in file.values ? file.path : 'default' }
  })
}

function layersOf({ config, ...given }: Values, env: NodeJS.ProcessEnv) {
  const named = config ?? env['TAMTAM_CONFIG']
  const path = typeof named === 'string' ? named : join(configDirectory(env), 'config.json')
  return { file: { path, values: readConfig(path, typeof named === 'string' ? undefined : 'optional') }, given }
}

/** The default directory of history and files. */
export function defaultDataDirectory(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'tamtam')
}

/** The file of hosts reached over TLS. */
export const knownHostsPath = (env: NodeJS.ProcessEnv): string => join(configDirectory(env), 'known_hosts')

/** The directory of a user's settings and keys. */
export function configDirectory(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'tamtam')
}

/** `TAMTAM_LINE_FILES=links` sets `lineFiles`. */
function fromEnv(env: NodeJS.ProcessEnv): Values {
  const found: Values = {}
  for (const key of Object.keys(hostSchema.entries)) {
    const value = env[variableOf(key)]
    if (value !== undefined && value !== '') found[key] = value
  }
  return found
}

/** The environment variable of a setting. */
export const variableOf = (name: string): string => `TAMTAM_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`

function readConfig(path: string, presence?: 'optional'): Values {
  if (presence === 'optional' && !existsSync(path)) return {}
  try {
    const text = textOf(readFileSync(path))
    if (typeof text !== 'string') throw new Error(text.message)
    const values: unknown = JSON.parse(text)
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) return values as Values
  } catch (error) {
    throw new CommandFailed(exitCodes.usage, `the configuration ${path} can't be read: ${failureText(error)}`, {
      cause: error,
    })
  }
  throw new CommandFailed(exitCodes.usage, `the configuration ${path} must be one JSON object`)
}
