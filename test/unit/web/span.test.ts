import { describe, expect, test } from 'vitest'
import { isEntry } from '#domain/room/events.ts'
import { emptySpan, type Item, type Span, withNewer, withNews, withOlder } from '#web/timeline/timeline.ts'
import { AT, ani, joined, said } from '../../harness/people.ts'

const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => said(from + at))
const seqs = ({ items }: Span) => items.map((item) => (isEntry(item) ? item.seq : 'passing'))
const span = (from: number, to: number, more: Partial<Span> = {}): Span => ({
  ...emptySpan,
  items: entries(from, to),
  newest: to,
  atEnd: true,
  ...more,
})
const coming: Item = { ...joined(ani), key: 'p1', at: AT }

describe('the stretch of a room that is in the page', () => {
  test('grows upwards, and lets go of its end when it is too long', () => {
    const grown = withOlder(span(5, 8), entries(3, 4), false, 6)
    expect([seqs(grown), grown.atEnd, grown.atStart]).toEqual([[3, 4, 5, 6, 7, 8], true, false])
    const over = withOlder(grown, entries(1, 2), true, 6)
    expect([seqs(over), over.atEnd, over.atStart, over.newest]).toEqual([[1, 2, 3, 4, 5, 6], false, true, 8])
  })

  test('grows downwards, and lets go of its beginning', () => {
    const grown = withNewer(span(1, 4, { atEnd: false, atStart: true, newest: 9 }), entries(4, 7), false, 5)
    expect([seqs(grown), grown.atStart, grown.atEnd, grown.newest]).toEqual([[3, 4, 5, 6, 7], false, false, 9])
  })

  test('takes what comes while somebody looks at its end', () => {
    const now = withNews(span(1, 3, { atStart: true }), [coming, ...entries(4, 5)], 'end', 4)
    expect([seqs(now), now.atStart, now.atEnd, now.newest]).toEqual([[3, 'passing', 4, 5], false, true, 5])
  })

  test('takes nothing away from under somebody who reads above: what comes has to wait', () => {
    const now = withNews(span(1, 3, { atStart: true }), entries(4, 5), 'above', 4)
    expect([seqs(now), now.atStart, now.atEnd, now.newest]).toEqual([[1, 2, 3], true, false, 5])
  })

  test('puts nothing behind a gap', () => {
    const now = withNews(span(1, 3, { atEnd: false, newest: 9 }), entries(10, 10), 'end', 100)
    expect([seqs(now), now.newest]).toEqual([[1, 2, 3], 10])
  })
})
