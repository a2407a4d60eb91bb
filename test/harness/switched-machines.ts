import { onTestFinished } from 'vitest'
import { ip, Machine, must } from './lan.ts'

/** A neighbour that is nowhere: what is sent to it is lost. */
const NOBODY = '02:00:00:00:00:99'

/** Whether this system has switches, where namespaces may be made at all; without them a line says so. */
export function hasSwitches(): boolean {
  const name = `tt${process.pid}-try`
  const { status, stderr } = ip('link', 'add', name, 'type', 'bridge')
  ip('link', 'del', name)
  if (status !== 0) process.stderr.write(`tests of machines at a switch are left out: ${stderr.trim()}\n`)
  return status === 0
}

/** Machines at one switch, in network namespaces, which the test can cut off one by one and in one direction. The test itself is at the switch too. */
export class SwitchedMachines {
  readonly machines: readonly Machine[]
  readonly #name: string

  private constructor(name: string, machines: readonly Machine[]) {
    this.#name = name
    this.machines = machines
  }

  /** Gone when the test is over. */
  static create(count: number): SwitchedMachines {
    const name = `tt${process.pid}`
    const network = `10.77.${1 + (process.pid % 250)}`
    const machines = Array.from(
      { length: count },
      (_, index) => new Machine(`${name}m${index}`, [`${network}.${index + 1}`]),
    )
    onTestFinished(() => {
      for (const { name: machine } of machines) ip('netns', 'del', machine)
      ip('link', 'del', name)
    })
    must('link', 'add', name, 'type', 'bridge')
    must('address', 'add', `${network}.254/24`, 'dev', name)
    must('link', 'set', name, 'up')
    const switched = new SwitchedMachines(name, machines)
    for (const [index, { name: machine, address }] of machines.entries()) {
      must('netns', 'add', machine)
      must('link', 'add', switched.#cable(index), 'type', 'veth', 'peer', 'name', 'lan', 'netns', machine)
      must('link', 'set', switched.#cable(index), 'master', name)
      must('-n', machine, 'address', 'add', `${address}/24`, 'dev', 'lan')
      for (const device of ['lo', 'lan']) must('-n', machine, 'link', 'set', device, 'up')
      switched.plug(index, true)
    }
    return switched
  }

  /** Puts a machine's cable in, or takes it out. */
  plug(index: number, isIn: boolean): void {
    must('link', 'set', this.#cable(index), isIn ? 'up' : 'down')
  }

  plugAll(isIn: boolean): void {
    for (const index of this.machines.keys()) this.plug(index, isIn)
  }

  /** What one machine sends to another is lost from now on, or comes again; the other way it always comes. */
  lose(from: number, to: number, isLost: boolean): void {
    const [sender = '', address = ''] = [this.machines[from]?.name, this.machines[to]?.address]
    if (isLost) must('-n', sender, 'neigh', 'replace', address, 'lladdr', NOBODY, 'dev', 'lan', 'nud', 'permanent')
    else must('-n', sender, 'neigh', 'del', address, 'dev', 'lan')
  }

  #cable(index: number): string {
    return `${this.#name}-${index}`
  }
}
