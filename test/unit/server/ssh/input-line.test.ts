import { describe, expect, test } from 'vitest'
import { ERASE, InputLine } from '#server/ssh/shell/input-line.ts'

const typing = (...keys: readonly string[]) => {
  const line = new InputLine()
  const pushed = keys.map((each) => line.push(Buffer.from(each)))
  return { text: line.text, echo: pushed.map(({ echo }) => echo).join(''), typed: pushed.flatMap(({ typed }) => typed) }
}

describe('a line that is typed at a terminal of SSH', () => {
  test('is shown as it is typed, and entered once, however its bytes come', () => {
    expect(typing('halo')).toEqual({ text: 'halo', echo: 'halo', typed: [] })
    expect(typing('h', 'alo\r\nx')).toMatchObject({ text: 'x', typed: [{ type: 'line', text: 'halo' }] })
    const bytes = Buffer.from('é👨‍👩‍👧\r')
    const line = new InputLine()
    const typed = Array.from(bytes, (byte) => line.push(Buffer.from([byte])).typed).flat()
    expect(typed).toEqual([{ type: 'line', text: 'é👨‍👩‍👧' }])
  })

  test('can be mended: by the sign, the word and the whole', () => {
    expect(typing('ab👨‍👩‍👧\u007f')).toMatchObject({ text: 'ab', echo: `ab👨‍👩‍👧${ERASE}ab` })
    expect(typing('satu dua \u0017').text).toBe('satu ')
    expect(typing('satu\u0015').text).toBe('')
    expect(typing('satu\u0003').text).toBe('')
  })

  test('takes no keys that are more than a sign, and no controls', () => {
    expect(typing('a\u001b[1;5D\u001bOPb\u001bx\u0007\u0001c').text).toBe('abc')
    expect(typing('x'.repeat(5000)).text).toHaveLength(4096)
  })

  test('ends with Ctrl-C or Ctrl-D where it is empty', () => {
    expect(typing('\u0004').typed).toEqual([{ type: 'end' }])
    expect(typing('\u0003').typed).toEqual([{ type: 'end' }])
    expect(typing('a\u0004').typed).toEqual([])
  })
})
