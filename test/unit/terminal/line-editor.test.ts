import { describe, expect, test } from 'vitest'
import { type EditKey, edited, emptyEditor, entered } from '#terminal/line-editor.ts'

/** Keys as they are pressed: a word in angle brackets is a key, all else is typed. */
function press(...keys: readonly (string | EditKey)[]) {
  let editor = emptyEditor
  for (const key of keys)
    if (key === '<enter>') editor = entered(editor).editor
    else
      editor = edited(
        editor,
        typeof key !== 'string'
          ? key
          : key.startsWith('<')
            ? ({ type: key.slice(1, -1) } as EditKey)
            : { type: 'typed', text: key },
      )
  return editor
}

/** The line with `|` where the cursor is. */
const seen = (...keys: readonly (string | EditKey)[]) => {
  const { text, cursor } = press(...keys)
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}
const paste = (text: string): EditKey => ({ type: 'pasted', text })

describe('the line that is being typed', () => {
  test.each([
    [['halo'], 'halo|'],
    [['halo', '<left>', '<left>', 'XY'], 'haXY|lo'],
    [['halo', '<left>', '<backspace>'], 'ha|o'],
    [['halo', '<left>', '<delete>'], 'hal|'],
    [['halo', '<home>', '<delete>'], '|alo'],
    [['halo', '<home>', '<backspace>'], '|halo'],
    [['halo', '<right>', '<delete>'], 'halo|'],
    [['selamat pagi', '<wordLeft>'], 'selamat |pagi'],
    [['selamat pagi', '<home>', '<wordRight>'], 'selamat| pagi'],
    [['selamat pagi ', '<killWord>'], 'selamat |'],
    [['selamat pagi', '<wordLeft>', '<killToStart>'], '|pagi'],
    [['selamat pagi', '<wordLeft>', '<killToEnd>'], 'selamat |'],
    [['halo', '<escape>'], '|'],
    [['a👨‍👩‍👧b', '<left>', '<backspace>'], 'a|b'],
    [['e\u0301x', '<left>', '<left>'], '|e\u0301x'],
    [['a\x1b[2Jb\x07'], 'a[2Jb|'],
    [[paste('\ufeff/nick ani')], '/nick ani|'],
    [['x', paste('a\ufeffb')], 'xa\ufeffb|'],
  ])('%j is %s', (keys, line) => {
    expect(seen(...keys)).toBe(line)
  })
})

describe('older lines', () => {
  const two = ['satu', '<enter>', 'dua', '<enter>']
  test.each([
    [['<up>'], 'dua|'],
    [['<up>', '<up>'], 'satu|'],
    [['<up>', '<up>', '<up>'], 'satu|'],
    [['<up>', '<up>', '<down>'], 'dua|'],
    [['<up>', '<down>'], '|'],
    [['kopi', '<up>', '<up>', '<down>', '<down>'], 'kopi|'],
    [['<down>'], '|'],
    [['<up>', '!', '<enter>', '<up>'], 'dua!|'],
  ])('with %j are %s', (keys, line) => {
    expect(seen(...two, ...keys)).toBe(line)
  })

  test('are kept once where the same is sent twice, and not at all where nothing was typed', () => {
    expect(press('a', '<enter>', 'a', '<enter>', '  ', '<enter>').past).toEqual(['a'])
  })
})

describe('what is pasted', () => {
  test('is typed where it is one line, whatever ends it', () => {
    expect(seen('x', paste('satu\r\n'))).toBe('xsatu|')
  })

  test('waits where it is several lines, and is sent as one message', () => {
    const editor = press('lihat: ', paste('satu\r\ndua\rtiga\n\n'))
    expect(editor.pasted).toBe('satu\ndua\ntiga')
    expect(entered(editor).sent).toBe('lihat: satu\ndua\ntiga')
  })

  test('goes away with Esc, and nothing else changes it', () => {
    expect(press('x', paste('a\nb'), 'y', '<backspace>').pasted).toBe('a\nb')
    expect(press('x', paste('a\nb'), '<escape>')).toMatchObject({ text: 'x', pasted: undefined })
  })

  test('is never a command', () => {
    expect(entered(press(paste('/quit\n/quit'))).sent).toBe('//quit\n/quit')
    expect(entered(press('/me ', paste('/a\n/b'))).sent).toBe('/me /a\n/b')
  })

  test('C57 brings no control characters but tabs and line ends', () => {
    expect(press(paste('a\x1b[2J\tb\n\x00c')).pasted).toBe('a[2J\tb\nc')
  })
})

test('Tab goes through what is offered and begins again; any other key ends that', () => {
  const offered: EditKey = { type: 'offered', from: 0, to: 1, texts: ['ani: ', 'ayu: '] }
  expect(seen('a', offered)).toBe('ani: |')
  expect(seen('a', offered, '<nextChoice>')).toBe('ayu: |')
  expect(seen('a', offered, '<nextChoice>', '<nextChoice>')).toBe('ani: |')
  expect(press('a', offered, 'x').choices).toBeUndefined()
})
