import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WireName } from '../load/wire.ts'
import type { Command, Processes, Server } from './processes.ts'
import { pathOf, type Tool } from './tools.ts'

const ROOT = new URL('../../', import.meta.url)
const HOST = new URL('../host.ts', import.meta.url)
/** The built program. */
const MAIN = fileURLToPath(new URL(JSON.parse(readFileSync(new URL('dist/.set-up', ROOT), 'utf8')).program, ROOT))
const { config, version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))
/** As `npm start` runs the program. */
const LAUNCH_FLAGS: readonly string[] = config.nodeFlags
const EXECUTABLE = fileURLToPath(new URL(`dist/tamtam-${version}-${process.platform}-${process.arch}`, ROOT))
const baseline = (name: string): URL => new URL(`../baselines/${name}`, import.meta.url)

export interface HostOptions {
  readonly data?: string
  readonly line?: { readonly rateOnLoopback: boolean }
  readonly session?: { readonly rateOnLoopback: boolean }
  readonly http?: { readonly rateOnLoopback: boolean }
  readonly cluster?: { readonly servers: readonly string[]; readonly node: string; readonly drainMs: number }
}

/** The library in a process that answers questions; without `data` in memory. */
export const startHost = (processes: Processes, options: HostOptions = {}): Promise<Server> =>
  processes.serve(HOST, [JSON.stringify(options)], LAUNCH_FLAGS)

/** The command, as it is installed. */
export const tamtam = (...args: readonly string[]): Command => [process.execPath, ...LAUNCH_FLAGS, MAIN, ...args]

/** The same as the executable that `npm run pack:binary` makes; undefined where it has made none. */
export const executable: ((...args: readonly string[]) => Command) | undefined = existsSync(EXECUTABLE)
  ? (...args) => [EXECUTABLE, ...args]
  : undefined

/** The same as a checkout starts it. */
export const npmStart = (...args: readonly string[]): Command => [
  'npm',
  ...['--silent', '--prefix', fileURLToPath(ROOT), 'start', '--', ...args],
]

/** The host's own console: at a terminal, with its text in a file, as JSON in a pipe, or silent. */
export type Console = 'terminal' | 'file' | 'json' | 'quiet'

/** `tamtam host`; without `data` in memory. */
export async function startTamtam(processes: Processes, console: Console, ...args: string[]): Promise<Server> {
  const where = args.includes('--data') ? [] : ['--ephemeral']
  const host = (port: number, ...more: string[]): Command =>
    tamtam('host', '--port', String(port), ...where, ...args, ...more)
  switch (console) {
    case 'json':
      return await processes.serveOther((port) => host(port, '--json'), 'pipe')
    case 'quiet':
      return await processes.serveOther((port) => host(port, '--quiet'))
    case 'terminal':
      return await processes.serveOther((port) => {
        const words = host(port).map((word) => `'${word}'`)
        return ['script', '-qec', `stty rows 40 cols 120; exec ${words.join(' ')}`, '/dev/null']
      }, 'inside')
    case 'file': {
      const output = openSync(join(processes.newDirectory(), 'console.txt'), 'w')
      return await processes.serveOther((port) => host(port), output).finally(() => closeSync(output))
    }
    default:
      return console satisfies never
  }
}

/** A server under the same load as the others. */
export interface Speaker {
  readonly name: string
  readonly wire: WireName
  readonly needs?: readonly Tool[]
  start(): Promise<Server>
}

export type SpeakerName =
  | 'memory'
  | 'durable'
  | 'irc'
  | 'frames'
  | 'websocket'
  | 'batch'
  | 'each'
  | 'nats'
  | 'socket.io'

export function speakers(processes: Processes): Readonly<Record<SpeakerName, Speaker>> {
  const memory = (name: string, wire: WireName): Speaker => ({ name, wire, start: () => startHost(processes) })
  const ours = (name: string, wire: WireName, script: string, ...args: string[]): Speaker => ({
    name,
    wire,
    start: () => processes.serve(baseline(script), args),
  })
  return {
    memory: memory('memory', 'line'),
    irc: memory('irc', 'irc'),
    frames: memory('frames', 'frames'),
    websocket: memory('websocket', 'websocket'),
    durable: {
      name: 'durable',
      wire: 'line',
      start: () => startHost(processes, { data: processes.newDirectory() }),
    },
    batch: ours('batch', 'bare', 'relay.ts', 'batch'),
    each: ours('each', 'bare', 'relay.ts', 'each'),
    'socket.io': ours('socket.io', 'socket.io', 'socket-io.ts'),
    nats: {
      name: 'nats',
      wire: 'nats',
      needs: ['nats-server'],
      start: () => processes.serveOther((port) => ['nats-server', '-a', '127.0.0.1', '-p', String(port)]),
    },
  }
}

/** Node's smallest web server. */
export const startHello = (processes: Processes): Promise<Server> =>
  processes.serveProgram([
    process.execPath,
    '-e',
    `const server = require('node:http').createServer((_, response) => response.end('hello'))
     server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))`,
  ])

/** The seed's server, and its client's commands. */
export const startSeed = (processes: Processes): Promise<Server> => processes.serve(baseline('seed.ts'), ['serve'])
export const seed = (act: 'send' | 'save', { port }: Server, path: string): Command => [
  process.execPath,
  fileURLToPath(baseline('seed.ts')),
  ...[act, String(port), path],
]

export const startTus = (processes: Processes, directory: string): Promise<Server> =>
  processes.serve(baseline('tus.ts'), [directory])

/** The baselines of files: PUT is taken once so many receivers have come. */
export const startSpool = (processes: Processes, receivers: number): Promise<Server> =>
  processes.serve(baseline('spool.ts'), [join(processes.newDirectory(), 'spool.part'), String(receivers)])

export async function startSpoolC(processes: Processes, receivers: number): Promise<Server> {
  const program = join(processes.newDirectory(), 'spool')
  await processes.run(['cc', '-O2', '-pthread', '-o', program, fileURLToPath(baseline('spool.c'))])
  return await processes.serveProgram([program, join(processes.newDirectory(), 'spool.part'), String(receivers)])
}

/** nginx with its own defaults, `sendfile` and PUT, over a directory. */
export function startNginx(processes: Processes, directory: string): Promise<Server> {
  const own = processes.newDirectory()
  const temporary = ['proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${own}/${name};`)
  // Uploads are renamed from there.
  temporary.push(`client_body_temp_path ${own}/body;`)
  return processes.serveOther((port) => {
    writeFileSync(
      join(own, 'nginx.conf'),
      `daemon off; master_process off; pid ${own}/pid; user root; events {}
       http { access_log off; sendfile on; client_max_body_size 0; ${temporary.join(' ')}
         server { listen 127.0.0.1:${port}; root ${directory}; dav_methods PUT; create_full_put_path on; } }\n`,
    )
    return [pathOf('nginx') ?? 'nginx', '-p', own, '-c', 'nginx.conf', '-e', 'stderr']
  })
}

/** The address of a directory that the started rsync daemon serves. */
export async function startRsync(processes: Processes, directory: string): Promise<Server> {
  const config = join(processes.newDirectory(), 'rsyncd.conf')
  const owner = process.getuid?.() ?? 0
  writeFileSync(
    config,
    `use chroot = no\nlog file = /dev/null\n[bench]\npath = ${directory}\nread only = no\nuid = ${owner}\ngid = ${process.getgid?.() ?? 0}\n`,
  )
  // With a socket as its standard input, as Node's pipes are, it would serve that.
  return await processes.serveOther((port) => [
    ...(['sh', '-c', 'exec rsync "$@" </dev/null', 'sh'] as const),
    ...['--daemon', '--no-detach', `--config=${config}`, '--address=127.0.0.1', `--port=${port}`],
  ])
}

/** An sshd with a key of its own, for this user on this machine alone; `scp` copies by it. */
export async function startSshd(
  processes: Processes,
): Promise<{ readonly server: Server; readonly scp: (from: string, to: string) => Command; readonly at: string }> {
  const own = processes.newDirectory()
  const key = (name: string) => join(own, name)
  for (const name of ['host', 'user'])
    await processes.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key(name)])
  const config = [
    ...['ListenAddress 127.0.0.1', `HostKey ${key('host')}`, `AuthorizedKeysFile ${key('user.pub')}`],
    ...['PidFile none', 'StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PermitRootLogin yes'],
    ...['MaxStartups 100', 'LogLevel QUIET', 'Subsystem sftp internal-sftp'],
  ]
  writeFileSync(key('config'), `${config.join('\n')}\n`)
  // Where Debian's service makes it at each boot.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const server = await processes.serveOther((port) => [
    pathOf('sshd') ?? 'sshd',
    ...['-D', '-e', '-f', key('config'), '-p', String(port)],
  ])
  return { server, scp: (from, to) => scpBy(key('user'), server, from, to), at: '127.0.0.1:' }
}

/** The same program to a host of ours, which takes any key. */
export async function startForScp(
  processes: Processes,
): Promise<{ readonly server: Server; readonly scp: (from: string, to: string) => Command; readonly at: string }> {
  const key = join(processes.newDirectory(), 'user')
  await processes.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key])
  const server = await startTamtam(processes, 'file', '--data', processes.newDirectory())
  return { server, scp: (from, to) => scpBy(key, server, from, to), at: 'bench@127.0.0.1:' }
}

function scpBy(key: string, { port }: Server, from: string, to: string): Command {
  const options = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']
  return [
    'scp',
    ...['-q', '-r', '-F', 'none', '-i', key, '-P', String(port)],
    ...[...options, 'LogLevel=ERROR'].flatMap((option) => ['-o', option]),
    ...[from, to],
  ]
}
