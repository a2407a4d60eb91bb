import { isUtf8 } from 'node:buffer'
import { canBeginUtf8 } from './utf8.ts'

const CR = 0x0d
const LF = 0x0a
const OTHER_CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/

/**
 * Whether what follows an end mark in the same segment cannot be a line: the mark was then part of the file, and the
 * rest of that file must not be spoken (C23). What comes in a later segment is not judged: nothing tells it from talk.
 */
export function isSentinelCandidate(segment: Buffer, end: number, maxLineBytes: number): boolean {
  const lineFeed = segment.indexOf(LF, end)
  let stop = lineFeed < 0 ? segment.length : lineFeed
  if (segment[stop - 1] === CR) stop -= 1
  if (stop - end > maxLineBytes) return true
  const line = segment.subarray(end, stop)
  if (OTHER_CONTROLS.test(line.toString('latin1'))) return true
  return lineFeed < 0 ? !canBeginUtf8(line) : !isUtf8(line)
}
