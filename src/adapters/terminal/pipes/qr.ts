/** The modules of a QR code: `size` a side, row by row, 1 for a dark one. */
export interface QrModules {
  readonly size: number
  readonly data: ArrayLike<number>
}

/** Light modules around it; the norm wants four, readers make do with two. */
const MARGIN = 2
/** The light modules are drawn: on the dark ground of most terminals that gives a code with its colours the right way round. */
const HALVES = ['█', '▀', '▄', ' '] as const

/** A QR code as lines of text, `columns` wide at most; nothing where it does not fit. */
export function qrLines({ size, data }: QrModules, how: 'blocks' | 'ascii', columns: number): readonly string[] {
  const side = size + 2 * MARGIN
  if (side * (how === 'blocks' ? 1 : 2) > columns) return []
  const isDark = (row: number, column: number) => {
    const [y, x] = [row - MARGIN, column - MARGIN]
    return y >= 0 && x >= 0 && y < size && x < size && data[y * size + x] === 1
  }
  const line = (row: number) =>
    Array.from({ length: side }, (_, column) => {
      if (how === 'ascii') return isDark(row, column) ? '  ' : '##'
      return HALVES[(isDark(row, column) ? 2 : 0) + (row + 1 >= side || isDark(row + 1, column) ? 1 : 0)]
    }).join('')
  const step = how === 'blocks' ? 2 : 1
  return Array.from({ length: Math.ceil(side / step) }, (_, index) => line(index * step))
}
