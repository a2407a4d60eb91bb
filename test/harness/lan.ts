import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onTestFinished, test } from 'vitest'
import { type Ran, run, testWith } from './commands.ts'
import { hasTool, needs, PACKAGES, type Tool } from './tools.ts'

/** Machines on one cable, in network namespaces that the test made: no way leads from there to anywhere else, and none from here to there. */
export class Lan {
  /** What runs on it is on another machine, as far as the network is concerned. */
  readonly host: Machine
  readonly guest: Machine

  private constructor(host: Machine, guest: Machine) {
    this.host = host
    this.guest = guest
  }

  /** The guest has `addresses` of them. Gone when the test is over. */
  static create(addresses = 1): Lan {
    const name = `tt${process.pid}-${made++}`
    const [host, guest] = [new Machine(`${name}h`, ['10.77.0.1']), new Machine(`${name}g`, guestAddresses(addresses))]
    onTestFinished(() => {
      for (const { name } of [host, guest]) ip('netns', 'del', name)
    })
    for (const { name } of [host, guest]) must('netns', 'add', name)
    must('link', 'add', 'lan', 'netns', host.name, 'type', 'veth', 'peer', 'name', 'lan', 'netns', guest.name)
    for (const { name, addresses: all } of [host, guest]) {
      for (const address of all) must('-n', name, 'address', 'add', `${address}/24`, 'dev', 'lan')
      for (const device of ['lo', 'lan']) must('-n', name, 'link', 'set', device, 'up')
    }
    return new Lan(host, guest)
  }

  /** Takes the guest's cable out. */
  unplug(): void {
    must('-n', this.guest.name, 'link', 'set', 'lan', 'down')
  }
}

export class Machine {
  readonly name: string
  readonly addresses: readonly string[]

  constructor(name: string, addresses: readonly string[]) {
    this.name = name
    this.addresses = addresses
  }

  get address(): string {
    return this.addresses[0] as string
  }

  /** To stand before a command that is to run there. */
  get command(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name]
  }

  /** What goes on there until the test is over. */
  start(command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
    if (command in PACKAGES) needs(command as Tool)
    const [first = '', ...rest] = this.command
    const child = spawn(first, [...rest, command, ...args])
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  run(command: string, args: readonly string[], input?: Buffer): Promise<Ran> {
    const [first = '', ...rest] = this.command
    if (command in PACKAGES) needs(command as Tool)
    return run(first, [...rest, command, ...args], input)
  }

  /** Runs one of the jobs of `lan-program.ts` there, and answers what it found. */
  async job<Found>(name: string, task: object): Promise<Found> {
    const program = fileURLToPath(new URL('./lan-program.ts', import.meta.url))
    const node = ['--disable-warning=ExperimentalWarning', program, name, JSON.stringify(task)]
    const { code, stdout, stderr } = await this.run(process.execPath, node)
    if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout.toString()) as Found
  }
}

let made = 0

const guestAddresses = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `10.77.0.${index + 2}`)

export const ip = (...args: readonly string[]) => spawnSync('ip', args, { encoding: 'utf8' })

export function must(...args: readonly string[]): void {
  const { status, stderr } = ip(...args)
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

/** Tests on a network of their own; left out, with a line that says so, where namespaces may not be made. */
export function testOnLan(): typeof test {
  if (!hasTool('ip')) return testWith('ip')
  const name = `tt${process.pid}-try`
  const { status, stderr } = ip('netns', 'add', name)
  if (status === 0) {
    ip('netns', 'del', name)
    return test
  }
  const why = stderr.trim()
  process.stderr.write(`tests on a network of their own are left out, they need root and network namespaces: ${why}\n`)
  return test.skip as typeof test
}
