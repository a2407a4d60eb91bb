import { execFileSync, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './directory.ts'
import { until } from './patience.ts'

/** How a program ended, and what it has said. */
export interface SshEnded {
  readonly code: number | null
  readonly out: Buffer
  readonly errors: string
}

/** One of the programs of SSH, under way. It is killed when the test is over. */
export class SshProgram {
  readonly #child
  readonly #out: Buffer[] = []
  errors = ''
  #ended: { readonly code: number | null } | undefined

  constructor(program: string, args: readonly string[], input?: string | Uint8Array, env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(program, args, { env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env } })
    this.#child.stdout.on('data', (bytes: Buffer) => this.#out.push(bytes))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.#child.stdin.on('error', () => {})
    if (input !== undefined) this.#child.stdin.end(input)
    this.#child.once('close', (code) => {
      this.#ended = { code }
    })
    onTestFinished(() => this.kill())
  }

  get out(): string {
    return Buffer.concat(this.#out).toString()
  }

  write(input: string | Uint8Array): void {
    this.#child.stdin.write(input)
  }

  async ended(): Promise<SshEnded> {
    await until(`the end of a program of SSH: ${this.errors}`, () => this.#ended !== undefined)
    return { code: this.#ended?.code ?? null, out: Buffer.concat(this.#out), errors: this.errors }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** Somebody with an SSH key of their own, who trusts any host. */
export class SshUser {
  readonly #port: number
  readonly #options: readonly string[]
  readonly #env: NodeJS.ProcessEnv
  /** Its own files. */
  readonly directory: string

  private constructor(port: number, options: readonly string[], directory: string, env: NodeJS.ProcessEnv = {}) {
    this.#port = port
    this.#options = options
    this.directory = directory
    this.#env = env
  }

  /** `keyless`: with no key at all. */
  static async at(port: number, { keyless = false, type = 'ed25519' } = {}): Promise<SshUser> {
    const directory = await temporaryDirectory()
    const key = join(directory, 'key')
    if (!keyless) execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', key])
    const options = {
      StrictHostKeyChecking: 'accept-new',
      UserKnownHostsFile: join(directory, 'known_hosts'),
      IdentityAgent: 'none',
      IdentitiesOnly: 'yes',
      ...(keyless ? { PubkeyAuthentication: 'no' } : { IdentityFile: key, BatchMode: 'yes' }),
      LogLevel: 'ERROR',
    }
    const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
    return new SshUser(port, ['-F', 'none', ...given], directory)
  }

  /** The same person at another port. */
  at(port: number): SshUser {
    return new SshUser(port, this.#options, this.directory, this.#env)
  }

  /** As in `authorized_keys`. */
  publicKey(): Promise<string> {
    return readFile(join(this.directory, 'key.pub'), 'utf8')
  }

  /** The same person, who answers questions for the token and for a password, by the method `by`. */
  async answering(token: string, password = '', by = 'publickey,keyboard-interactive'): Promise<SshUser> {
    const script = join(this.directory, 'askpass')
    const answers = `case "$1" in *Token*) echo '${token}';; *assword*) echo '${password}';; esac`
    await writeFile(script, `#!/bin/sh\n${answers}\n`, { mode: 0o700 })
    const options = this.#options.map((option) => option.replace('BatchMode=yes', 'BatchMode=no'))
    const env = { SSH_ASKPASS: script, SSH_ASKPASS_REQUIRE: 'force' }
    return new SshUser(this.#port, [...options, '-o', `PreferredAuthentications=${by}`], this.directory, env)
  }

  /** The arguments of `ssh` that log in as `user`. */
  commandLine(user: string, options: readonly string[] = []): readonly string[] {
    return [...this.#options, ...options, '-p', String(this.#port), '-l', user, '127.0.0.1']
  }

  /** `ssh USER@HOST COMMAND…`. Without `input` its standard input stays open. */
  begin(
    user: string,
    command: readonly string[],
    input?: string | Uint8Array,
    options: readonly string[] = [],
    env: NodeJS.ProcessEnv = {},
  ): SshProgram {
    const args = [...this.commandLine(user, options), '--', ...command]
    return new SshProgram('ssh', args, input, { ...this.#env, ...env })
  }

  ssh(user: string, command: readonly string[], input: string | Uint8Array = ''): Promise<SshEnded> {
    return this.begin(user, command, input).ended()
  }

  /** `scp ARGS`, where `@:` stands for the host as the user `user`. */
  scp(user: string, args: readonly string[]): Promise<SshEnded> {
    const named = args.map((arg) => arg.replace(/^@:/, `${user}@127.0.0.1:`))
    return new SshProgram('scp', [...this.#options, '-P', String(this.#port), ...named], '', this.#env).ended()
  }

  /** `sftp -b`, with these commands. */
  beginSftp(user: string, batch: readonly string[], args: readonly string[] = []): SshProgram {
    const at = ['-P', String(this.#port), ...args, '-b', '-', `${user}@127.0.0.1`]
    return new SshProgram('sftp', [...this.#options, ...at], `${batch.join('\n')}\n`, this.#env)
  }

  sftp(user: string, batch: readonly string[], args: readonly string[] = []): Promise<SshEnded> {
    return this.beginSftp(user, batch, args).ended()
  }
}
