import { expect, test } from 'vitest'
import { type Pressed, strokesOf } from '#terminal/line-editor.ts'

const nothing: Pressed = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  meta: false,
  tab: false,
  backspace: false,
  delete: false,
  pageUp: false,
  pageDown: false,
}

test.each([
  ['a', {}, [{ type: 'typed', text: 'a' }]],
  ['halo', {}, [{ type: 'typed', text: 'halo' }]],
  ['halo\r', {}, [{ type: 'typed', text: 'halo' }, { type: 'enter' }]],
  ['/se\t', {}, [{ type: 'typed', text: '/se' }, { type: 'tab' }]],
  ['satu\rdua', {}, [{ type: 'pasted', text: 'satu\ndua' }]],
  ['satu\r\ndua\r\n', {}, [{ type: 'pasted', text: 'satu\ndua\n' }]],
  ['', { return: true }, [{ type: 'enter' }]],
  ['', { upArrow: true }, [{ type: 'up' }]],
  ['', { leftArrow: true, ctrl: true }, [{ type: 'wordLeft' }]],
  ['c', { ctrl: true }, [{ type: 'interrupt' }]],
  ['z', { ctrl: true }, [{ type: 'suspend' }]],
  ['ha\x1a', {}, [{ type: 'typed', text: 'ha' }, { type: 'suspend' }]],
  // Behind it stands what the shell is to get.
  ['\x1arm -r x\r', {}, [{ type: 'suspend' }]],
  // Keys that came together.
  ['\x15/quit\r', {}, [{ type: 'killToStart' }, { type: 'typed', text: '/quit' }, { type: 'enter' }]],
  [
    'satu\x17\x01dua',
    {},
    [{ type: 'typed', text: 'satu' }, { type: 'killWord' }, { type: 'home' }, { type: 'typed', text: 'dua' }],
  ],
  [
    'satu\x11dua',
    {},
    [
      { type: 'typed', text: 'satu' },
      { type: 'typed', text: 'dua' },
    ],
  ],
  ['satu\x03\rdua', {}, [{ type: 'pasted', text: 'satu\x03\ndua' }]],
  ['w', { ctrl: true }, [{ type: 'killWord' }]],
  ['q', { ctrl: true }, []],
  ['b', { meta: true }, [{ type: 'wordLeft' }]],
  ['x', { meta: true }, []],
  ['', { pageUp: true }, []],
])('%j with %j is %j', (input, keys, strokes) => {
  expect(strokesOf(input, { ...nothing, ...keys })).toEqual(strokes)
})
