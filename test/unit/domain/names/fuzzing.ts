import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Inputs of one fuzz run. The same seed gives the same inputs; a failure names the seed, so that it can be repeated. */
export interface FuzzRun {
  readonly seed: number
  readonly count: number
}

export function fuzzRun(): FuzzRun {
  const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
  return { seed, count: Number(process.env['FUZZ_COUNT'] ?? 100_000) }
}

/**
 * Feeds `count` texts to `check`, which returns what is wrong or undefined. Fails with seed, index and input, and if
 * the heap keeps growing: between the first tenth and the end by more than `maxGrowthBytes`.
 */
export function fuzz(run: FuzzRun, pools: readonly string[], check: (text: string) => string | undefined): void {
  const maxGrowthBytes = 16 * 1024 * 1024
  const random = randomFrom(run.seed)
  let heapAtTenth = 0
  for (let index = 0; index < run.count; index++) {
    if (index === Math.floor(run.count / 10)) heapAtTenth = heapAfterCollection()
    const text = textFrom(random, pools)
    const fault = faultOf(check, text)
    if (fault !== undefined) throw new Error(`FUZZ_SEED=${run.seed} input ${index}: ${fault}: ${JSON.stringify(text)}`)
  }
  const growth = heapAfterCollection() - heapAtTenth
  if (growth > maxGrowthBytes) throw new Error(`FUZZ_SEED=${run.seed}: the heap grew by ${growth} bytes`)
}

function faultOf(check: (text: string) => string | undefined, text: string): string | undefined {
  try {
    return check(text)
  } catch (error) {
    return `threw ${String(error)}`
  }
}

// Mostly short runs out of the pools, where the traps are; sometimes any code unit, sometimes one thing many times.
function textFrom(random: () => number, pools: readonly string[]): string {
  let text = ''
  for (let parts = random() % 8; parts > 0; parts--) {
    const kind = random() % 16
    if (kind === 0) text += String.fromCharCode(random() % 0x10000)
    else if (kind === 1) text += String.fromCodePoint(random() % 0x110000)
    else {
      const part = pools[random() % pools.length] as string
      text += kind === 2 ? part.repeat(1 + (random() % 80)) : part
    }
  }
  return text
}

// mulberry32
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

export function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
