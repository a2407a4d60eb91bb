import type { Caller } from './command.ts'

const PORTION_CHARS = 64 * 1024

/** Says a long answer in portions, each when the one before was taken: whoever asks and does not read costs one of them (C61). */
export async function sayPortions(caller: Caller, lines: readonly string[]): Promise<void> {
  let portion: string[] = []
  let chars = 0
  for (const line of lines) {
    portion.push(line)
    chars += line.length
    if (chars < PORTION_CHARS) continue
    await caller.say(portion.join('\n'))
    portion = []
    chars = 0
  }
  if (portion.length > 0) await caller.say(portion.join('\n'))
}
