import fc from 'fast-check'
import { it } from 'vitest'
import { type Cut, RoomModel } from './room-model.ts'

const peer = fc.nat(3)
const which = fc.nat(7)
const cut: fc.Arbitrary<Cut> = fc.oneof(
  fc.constant<Cut>('whole'),
  fc.constant<Cut>('bytes'),
  fc.integer({ min: 2, max: 40 }),
)

interface Step {
  run(model: RoomModel): void | Promise<void>
  /** How a run that fails calls it. */
  [fc.toStringMethod](): string
}

const step = <T extends readonly unknown[]>(
  name: string,
  args: { [K in keyof T]: fc.Arbitrary<T[K]> },
  run: (model: RoomModel, ...args: T) => void | Promise<void>,
): fc.Arbitrary<Step> =>
  fc.tuple(...(args as readonly fc.Arbitrary<unknown>[])).map((values) => ({
    run: (model) => run(model, ...(values as unknown as T)),
    [fc.toStringMethod]: () => `${name}(${values.join(', ')})`,
  }))

const talking = fc.oneof(
  { weight: 6, arbitrary: step('text', [peer, which, cut], (model, ...args) => model.text(...args)) },
  { weight: 2, arbitrary: step('act', [peer, cut], (model, ...args) => model.act(...args)) },
  { weight: 2, arbitrary: step('whisper', [peer, peer, cut], (model, ...args) => model.whisper(...args)) },
  {
    weight: 3,
    arbitrary: step('file', [peer, which, which, fc.boolean(), cut], (model, ...args) => model.file(...args)),
  },
  { weight: 3, arbitrary: step('stall', [peer], (model, at) => model.stall(at)) },
  { weight: 2, arbitrary: step('unstall', [peer], (model, at) => model.unstall(at)) },
  { weight: 1, arbitrary: step('hold the journal', [], (model) => model.holdJournal()) },
  { weight: 1, arbitrary: step('hold pages', [], (model) => model.holdReads()) },
  { weight: 1, arbitrary: step('release', [], (model) => model.release()) },
  { weight: 4, arbitrary: step('pass', [fc.integer({ min: 1, max: 6 })], (model, count) => model.pass(count)) },
)
const coming = fc.oneof(
  { weight: 3, arbitrary: step('enter', [], (model) => model.enter()) },
  {
    weight: 2,
    arbitrary: step('leave', [peer, fc.constantFrom('quit', 'destroy', 'half close', 'in a file')], (model, at, how) =>
      model.leave(at, how as 'quit'),
    ),
  },
  { weight: 3, arbitrary: step('move', [peer, peer], (model, ...args) => model.move(...args)) },
  { weight: 3, arbitrary: step('rename', [peer, which], (model, ...args) => model.rename(...args)) },
  { weight: 1, arbitrary: step('topic', [peer], (model, at) => model.setTopic(at)) },
  {
    weight: 1,
    arbitrary: step('files', [peer, fc.constantFrom('inline', 'links')], (model, at, mode) =>
      model.askFor(at, mode as 'links'),
    ),
  },
)
const round = fc.tuple(coming, fc.array(talking, { maxLength: 14, size: 'max' }))
const evening = fc
  .array(round, { maxLength: 9, size: 'max' })
  .map((rounds) => rounds.flatMap(([first, rest]) => [first, ...rest]))

it('whatever people do, each sees exactly what there was to see: nothing twice, nothing lost, in one order', async () => {
  await fc.assert(
    fc.asyncProperty(evening, async (steps) => {
      const model = await RoomModel.open()
      await model.enter()
      await model.enter()
      for (const each of steps) await each.run(model)
      await model.check()
    }),
    { numRuns: Number(process.env['TAMTAM_MODEL_RUNS'] ?? 60) },
  )
})
