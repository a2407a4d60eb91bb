import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CommandFailed } from '#app/cli/exit-codes.ts'
import { defaultDataDirectory, hostConfig } from '#app/config.ts'
import { temporaryDirectory } from '../../harness/directory.ts'

const base = await temporaryDirectory()
const NOWHERE = { XDG_CONFIG_HOME: join(base, 'nowhere') }

let files = 0
/** A configuration file of this content. */
function configFile(content: unknown): string {
  const path = join(base, `${++files}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function refusal(flags: Record<string, unknown>, env: NodeJS.ProcessEnv = NOWHERE): string {
  try {
    hostConfig(flags, env)
  } catch (error) {
    expect(error).toBeInstanceOf(CommandFailed)
    expect(error).toMatchObject({ exitCode: 2 })
    return (error as CommandFailed).message
  }
  throw new Error('it was taken')
}

describe('the settings of a host', () => {
  it('have defaults', () => {
    expect(hostConfig({}, NOWHERE)).toEqual({
      port: 8268,
      lan: false,
      open: false,
      hostNames: [],
      trustProxy: [],
      tls: false,
      ephemeral: false,
      sharedDisk: false,
      clusterName: 'tamtam',
      clusterShards: 4,
      drain: 5,
      room: 'lobby',
      lineFiles: 'auto',
      inlineMax: 100_000_000,
      limit: 0,
      limitEach: 0,
      maxFile: 0,
      hostQuota: 50_000_000_000,
      roomQuota: 20_000_000_000,
      keepDays: 30,
      history: 100_000,
      ircName: 'tamtam.irc',
      unattended: false,
      name: 'host',
      prefix: 'terima_',
      json: false,
      quiet: false,
      plain: false,
      logLevel: 'warn',
    })
  })
  it('take a public URL without a slash at its end, whose path is the base path', () => {
    const taken = { publicUrl: 'https://chat.example.org/chat', basePath: '/chat' }
    expect(hostConfig({ publicUrl: 'https://Chat.Example.org:443/chat/' }, NOWHERE)).toMatchObject(taken)
    expect(hostConfig({ publicUrl: 'http://10.0.0.1:80' }, NOWHERE)).not.toHaveProperty('basePath')
    for (const wrong of [
      'chat.example.org',
      'ftp://chat.example.org',
      'https://',
      'https://ani:x@chat.example.org',
      'https://chat.example.org/?x',
      'https://chat.example.org/#t=x',
      'https://chat.example.org/a b',
    ])
      expect(refusal({ publicUrl: wrong })).toMatch(/^public-url must be an address of HTTP such as/)
    expect(refusal({ publicUrl: 'https://chat.example.org/a', basePath: '/b' })).toBe(
      'base-path /b is not the path of public-url https://chat.example.org/a; leave one of them out',
    )
  })
  it('come from flags, over the environment, over the file, over the defaults', () => {
    const config = configFile({ port: 1, room: 'dari-file', name: 'berkas', lineFiles: 'links' })
    const env = {
      ...NOWHERE,
      TAMTAM_CONFIG: config,
      TAMTAM_ROOM: 'dari-env',
      TAMTAM_NAME: 'lingkungan',
      TAMTAM_BIND: '',
    }
    const settings = hostConfig({ room: 'dari-flag' }, env)
    expect(settings).toMatchObject({
      port: 1,
      room: 'dari-flag',
      name: 'lingkungan',
      lineFiles: 'links',
    })
    expect(settings.bind).toBeUndefined()
  })
  it.each([
    ['[::1]', '::1'],
    ['[fe80::1%Eth0]', 'fe80::1%Eth0'],
    ['LOCALHOST', 'localhost'],
    ['localhost.', 'localhost'],
    ['Kantor.lan', 'Kantor.lan'],
  ])('may name the address %s as it is typed elsewhere', (bind, address) => {
    expect(hostConfig({ bind }, NOWHERE).bind).toBe(address)
  })
  it('may come from a file that a flag names over the one that the environment names', () => {
    const [flag, env] = [configFile({ name: 'bendera' }), configFile({ name: 'lingkungan' })]
    expect(hostConfig({ config: flag }, { TAMTAM_CONFIG: env }).name).toBe('bendera')
  })
  it('are all to be had from the environment, where everything is a text', () => {
    const env = {
      ...NOWHERE,
      TAMTAM_PORT: '0',
      TAMTAM_BIND: '::1',
      TAMTAM_LAN: '1',
      TAMTAM_OPEN: '1',
      TAMTAM_DATA: '/data',
      TAMTAM_EPHEMERAL: 'false',
      TAMTAM_CLUSTER: 'nats://10.0.0.1,10.0.0.2,nats://10.0.0.3:14222',
      TAMTAM_CLUSTER_NAME: 'warga',
      TAMTAM_NODE: 'dapur',
      TAMTAM_CLUSTER_REPLICAS: '3',
      TAMTAM_CLUSTER_SHARDS: '8',
      TAMTAM_DRAIN: '3',
      TAMTAM_ROOM: 'warung',
      TAMTAM_LINE_FILES: 'links',
      TAMTAM_INLINE_MAX: '2G',
      TAMTAM_HOST_NAMES: 'tamtam.lan, kedai',
      TAMTAM_TRUST_PROXY: '127.0.0.1, fd00::/8',
      TAMTAM_BASE_PATH: '/chat/',
      TAMTAM_RATE: '5',
      TAMTAM_LIMIT: '5M',
      TAMTAM_LIMIT_EACH: '1.5m',
      TAMTAM_MAX_FILE: '8G',
      TAMTAM_HOST_QUOTA: '1T',
      TAMTAM_ROOM_QUOTA: '5G',
      TAMTAM_KEEP_DAYS: '7',
      TAMTAM_HISTORY: '10',
      TAMTAM_NAME: 'tuan',
      TAMTAM_SAVE: '/save',
      TAMTAM_PREFIX: 'dari ',
      TAMTAM_JSON: 'true',
      TAMTAM_QUIET: '0',
      TAMTAM_PLAIN: '1',
      TAMTAM_LANG: 'id',
      TAMTAM_LOG_LEVEL: 'error',
    }
    expect(hostConfig({}, env)).toEqual({
      port: 0,
      bind: '::1',
      lan: true,
      open: true,
      hostNames: ['tamtam.lan', 'kedai'],
      trustProxy: ['127.0.0.1', 'fd00::/8'],
      basePath: '/chat',
      tls: false,
      data: '/data',
      ephemeral: false,
      sharedDisk: false,
      cluster: ['nats://10.0.0.1:4222', 'nats://10.0.0.2:4222', 'nats://10.0.0.3:14222'],
      clusterName: 'warga',
      node: 'dapur',
      clusterReplicas: 3,
      clusterShards: 8,
      drain: 3,
      room: 'warung',
      lineFiles: 'links',
      inlineMax: 2_000_000_000,
      rate: 5,
      limit: 5_000_000,
      limitEach: 1_500_000,
      maxFile: 8_000_000_000,
      hostQuota: 1_000_000_000_000,
      roomQuota: 5_000_000_000,
      keepDays: 7,
      history: 10,
      ircName: 'tamtam.irc',
      unattended: false,
      name: 'tuan',
      save: '/save',
      prefix: 'dari ',
      json: true,
      quiet: false,
      plain: true,
      lang: 'id',
      logLevel: 'error',
    })
  })
  it.each([
    ['port', 'abc', 'port must be a whole number'],
    ['cluster', 'http://10.0.0.1', 'cluster must be addresses like nats://10.0.0.1,10.0.0.2,10.0.0.3'],
    ['cluster', 'nats://', 'cluster must be addresses like nats://10.0.0.1,10.0.0.2,10.0.0.3'],
    ['clusterName', 'a.b', 'cluster-name must be 1 to 32 letters, digits, - and _'],
    ['clusterReplicas', '0', 'cluster-replicas must be 1 or more'],
    ['port', '80.5', 'port must be a whole number'],
    ['port', '-1', 'port must be a whole number'],
    ['port', -1, 'port must be 0 or more'],
    ['port', 1.5, 'port must be a whole number'],
    ['room', '', 'room must not be empty'],
    ['trustProxy', '10.0.0.0/40', 'trust-proxy must be networks such as 10.0.0.0/8'],
    ['trustProxy', '0.0.0.0/0', 'trust-proxy must be networks such as 10.0.0.0/8'],
    ['ircName', 'chat', 'irc-name must be a name with a dot, such as chat.example'],
    ['ircName', 'a b.c', 'irc-name must be a name with a dot, such as chat.example'],
    ['basePath', 'chat', 'base-path must be a path such as /chat'],
    ['basePath', '/a/../b', 'base-path must be a path such as /chat'],
    ['basePath', '/a b', 'base-path must be a path such as /chat'],
    ['port', '65536', 'port must be at most 65535'],
    ['prefix', '../', 'prefix must be up to 40 bytes that a file name may begin with'],
    ['history', '1e3', 'history must be a whole number'],
    ['maxFile', 'much', 'max-file must be a size such as 5M'],
    ['maxFile', '-1', 'max-file must be a size such as 5M'],
    ['hostQuota', '99999999T', 'host-quota must be a size such as 5M'],
    ['roomQuota', '', 'room-quota must be a size such as 5M'],
    ['limit', 'fast', 'limit must be a size such as 5M'],
    ['limitEach', '5 apples', 'limit-each must be a size such as 5M'],
    ['limit', -1, 'limit must be a size such as 5M'],
    ['limit', true, 'limit must be a size such as 5M'],
    ['rate', 'fast', 'rate must be a whole number'],
    ['lineFiles', 'pigeon', 'line-files must be one of auto, inline, links'],
    ['logLevel', 'loud', 'log-level must be one of info, warn, error, silent'],
    ['open', 'perhaps', 'open must be true or false'],
    ['json', 1, 'json must be true or false'],
    ['data', '', 'data must not be empty'],
    ['room', 7, 'room must be a text'],
    ['prot', 1, 'prot is no setting'],
  ])('%s is refused as %j, in a sentence that names it', (name, value, sentence) => {
    expect(refusal({ [name]: value })).toBe(`${sentence}; see tamtam help host`)
    expect(refusal({ config: configFile({ [name]: value }) })).toBe(`${sentence}; see tamtam help host`)
  })
  it('are refused from the environment with the same sentence', () => {
    expect(refusal({}, { ...NOWHERE, TAMTAM_PORT: 'x' })).toBe('port must be a whole number; see tamtam help host')
  })
  it.each([
    ['no JSON', '{', /^the configuration .* can't be read: /],
    ['a list', '[]', /^the configuration .* must be one JSON object$/],
    ['null', 'null', /^the configuration .* must be one JSON object$/],
  ])('are refused from a file that is %s', (_, content, sentence) => {
    expect(refusal({ config: configFile(content) })).toMatch(sentence)
  })
  it('are refused from a file that is named and not there, but not from the one at the usual place', () => {
    expect(refusal({ config: join(base, 'missing.json') })).toMatch(/ENOENT/)
    expect(refusal({}, { TAMTAM_CONFIG: join(base, 'missing.json') })).toMatch(/ENOENT/)
    expect(hostConfig({}, { XDG_CONFIG_HOME: base }).port).toBe(8268)
  })
})

describe('the data directory', () => {
  it('is where XDG says', () => {
    expect(defaultDataDirectory({ XDG_DATA_HOME: '/x' })).toBe('/x/tamtam')
    expect(defaultDataDirectory({ XDG_DATA_HOME: '' })).toMatch(/\/\.local\/share\/tamtam$/)
  })
})
