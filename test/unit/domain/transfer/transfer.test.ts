import { describe, expect, it } from 'vitest'
import {
  decideTransfer,
  evolveTransfer,
  newTransfer,
  type Transfer,
  type TransferCommand,
  type TransferEvent,
} from '#domain/transfer/transfer.ts'
import { offered, whole } from '../../../harness/people.ts'

const { sha256 } = whole
const started: readonly TransferEvent[] = [
  { type: 'offered', file: offered },
  { type: 'resumed', writer: 'w1', durable: 0 },
]
const states = {
  new: [],
  offered: started.slice(0, 1),
  receiving: started,
  complete: [...started, { type: 'completed', file: whole }],
  withdrawn: [...started, { type: 'withdrawn', reason: 'cut' }],
} as const satisfies Record<Transfer['status'], readonly TransferEvent[]>

const commands = {
  offer: { type: 'offer', file: offered },
  declare: { type: 'declare', size: 3 },
  promise: { type: 'promise', sha256 },
  write: { type: 'write', writer: 'w1', offset: 0, durable: 0 },
  advance: { type: 'advance', writer: 'w1', bytes: 2, durable: 2 },
  pause: { type: 'pause', durable: 2 },
  finish: { type: 'finish', writer: 'w1', size: 3, sha256 },
  withdraw: { type: 'withdraw', reason: 'cut' },
} as const satisfies Record<TransferCommand['type'], TransferCommand>

const reached = (events: readonly TransferEvent[]): Transfer => events.reduce(evolveTransfer, newTransfer)
const when = (events: readonly TransferEvent[], command: TransferCommand): string => {
  const decided = decideTransfer(reached(events), command)
  return decided.type === 'rejected' ? decided.code : decided.type
}

describe('a transfer', () => {
  const END = 'TRANSFER_CUT'
  const table: Record<Transfer['status'], readonly string[]> = {
    //          offer     declare     promise     write      advance     pause     finish       withdraw
    new: ['offered', END, END, END, END, END, END, END],
    offered: [END, 'declared', 'promised', 'resumed', 'FENCED', 'paused', 'FENCED', 'withdrawn'],
    receiving: [END, 'declared', 'promised', 'resumed', 'progressed', 'paused', 'completed', 'withdrawn'],
    complete: [END, END, END, END, END, END, END, END],
    withdrawn: [END, END, END, END, END, END, END, END],
  }
  for (const [status, answers] of Object.entries(table)) {
    for (const [index, command] of Object.values(commands).entries())
      it(`that is ${status} answers ${command.type} with ${answers[index]}`, () =>
        expect(when(states[status as Transfer['status']], command)).toBe(answers[index]))
    it(`is ${status} after what led there`, () =>
      expect(reached(states[status as Transfer['status']]).status).toBe(status))
  }
  it('remembers what it is of, how far it is, and how it ended', () => {
    expect(reached([...started, { type: 'progressed', bytes: 2, durable: 2 }])).toEqual({
      status: 'receiving',
      file: offered,
      writer: 'w1',
      durable: 2,
    })
    expect(reached(states.complete)).toEqual({ status: 'complete', file: whole })
    expect(reached(states.withdrawn)).toEqual({ status: 'withdrawn', file: offered, reason: 'cut' })
  })
  it('is not changed by what can not happen to it', () => {
    for (const status of ['new', 'complete', 'withdrawn'] as const)
      for (const event of [started[1], { type: 'progressed', durable: 1 }, { type: 'withdrawn', reason: 'x' }] as const)
        expect(evolveTransfer(reached(states[status]), event as TransferEvent)).toEqual(reached(states[status]))
  })
})

describe('C110 a second writer', () => {
  const taken: readonly TransferEvent[] = [
    ...started,
    { type: 'progressed', bytes: 2, durable: 2 },
    { type: 'resumed', writer: 'w2', durable: 2 },
  ]
  it('goes on where the first one was, and fences it off', () => {
    expect(reached(taken)).toMatchObject({ writer: 'w2', durable: 2 })
    expect(when(taken, { type: 'advance', writer: 'w1', bytes: 3, durable: 3 })).toBe('FENCED')
    expect(when(taken, { ...commands.finish })).toBe('FENCED')
    expect(when(taken, { type: 'advance', writer: 'w2', bytes: 3, durable: 3 })).toBe('progressed')
    expect(when(taken, { ...commands.finish, writer: 'w2' })).toBe('completed')
  })
})

describe('C109 the durable offset', () => {
  const at2: readonly TransferEvent[] = [...started, { type: 'progressed', bytes: 2, durable: 2 }]
  it('may stay but never falls', () => {
    expect(when(at2, { type: 'advance', writer: 'w1', bytes: 2, durable: 2 })).toBe('progressed')
    expect(when(at2, { type: 'advance', writer: 'w1', bytes: 3, durable: 1 })).toBe('BAD_OFFSET')
  })
})

describe('the end of a file', () => {
  const finish = (some: object): TransferCommand => ({ ...commands.finish, ...some })
  it('carries size and digest to the room', () =>
    expect(decideTransfer(reached(started), commands.finish)).toEqual({ type: 'completed', file: whole }))
  it('has the size that was announced', () => {
    expect(when(started, finish({ size: 2 }))).toBe('TRANSFER_CUT')
    expect(when(started, finish({ size: 4 }))).toBe('TRANSFER_CUT')
  })
  it('has any size where none was', () => {
    const open: readonly TransferEvent[] = [{ type: 'offered', file: { id: 'f1', name: 'a' } }, started[1] as never]
    expect(when(open, finish({ size: 0 }))).toBe('completed')
  })
  it('has the digest that was promised', () => {
    const promised = (digest: string): readonly TransferEvent[] => [
      { type: 'offered', file: { ...offered, sha256: digest } },
      { type: 'resumed', writer: 'w1', durable: 0 },
    ]
    expect(when(promised(sha256), commands.finish)).toBe('completed')
    expect(when(promised('cd'.repeat(32)), commands.finish)).toBe('HASH_MISMATCH')
  })
})

describe('a digest that is told later', () => {
  const told: readonly TransferEvent[] = [...started, { type: 'promised', sha256 }]
  it('is held to from then on', () => {
    expect(when(told, commands.finish)).toBe('completed')
    expect(when(told, { ...commands.finish, sha256: 'cd'.repeat(32) })).toBe('HASH_MISMATCH')
  })
  it('can not be another than the one before', () => {
    expect(when(told, commands.promise)).toBe('promised')
    expect(when(told, { type: 'promise', sha256: 'cd'.repeat(32) })).toBe('HASH_MISMATCH')
  })
})

describe('C108 C109 a transfer that goes on', () => {
  const paused: readonly TransferEvent[] = [...started, { type: 'paused', durable: 2 }]
  const write = (offset: number): TransferCommand => ({ type: 'write', writer: 'w2', offset, durable: 2 })
  it('does so at the durable offset and nowhere else', () => {
    for (const offset of [0, 1, 3, 2 ** 53 - 1]) expect(when(paused, write(offset))).toBe('BAD_OFFSET')
    expect(reached([...paused, decideTransfer(reached(paused), write(2)) as TransferEvent])).toMatchObject({
      status: 'receiving',
      writer: 'w2',
      durable: 2,
    })
  })
  it('is of nobody meanwhile', () => expect(when(paused, commands.advance)).toBe('FENCED'))
})

describe('C111 a size that is told later', () => {
  const open: readonly TransferEvent[] = [
    { type: 'offered', file: { id: 'f1', name: 'a' } },
    { type: 'paused', durable: 2 },
  ]
  it('is held to from then on', () => {
    expect(when([...open, { type: 'declared', size: 3 }], { type: 'declare', size: 4 })).toBe('BAD_OFFSET')
    expect(when([...open, { type: 'declared', size: 3 }], { type: 'declare', size: 3 })).toBe('declared')
  })
  it('can not be less than what has arrived', () => expect(when(open, { type: 'declare', size: 1 })).toBe('BAD_OFFSET'))
})
