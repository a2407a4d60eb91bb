import { expect, test } from 'vitest'
import { themes } from '#terminal/rows.ts'

/** The light of one of the colours 16 to 231 of a terminal of 256, as WCAG 2 reckons it. */
function lightOf(code: number): number {
  const at = code - 16
  const [red = 0, green = 0, blue = 0] = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((step) => {
    const share = (step === 0 ? 0 : 55 + 40 * step) / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

test('B9: every colour can be read on black and on white, and a name has the same one on every host', () => {
  const { nick, notice, wrong, mention, act, code } = themes.colour
  const names = Array.from({ length: 200 }, (_, at) => `name${at}`)
  const painted = [...names.map(nick), ...[notice, wrong, mention, act, code].map((paint) => paint('x'))]
  const codes = new Set(painted.map((text) => Number(/38;5;(\d+)m/.exec(text)?.[1])))
  expect(codes.size).toBeGreaterThan(7)
  const contrast = (light: number) => Math.min((light + 0.05) / 0.05, 1.05 / (light + 0.05))
  expect([...codes].filter((each) => contrast(lightOf(each)) < 4.3)).toEqual([])
  // Nothing of a run is in it: the next host gives the same.
  expect(nick('host')).toBe('\x1b[38;5;163mhost\x1b[39m')
})
