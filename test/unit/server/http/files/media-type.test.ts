import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mediaType } from '#server/http/files/headers.ts'

const bytes = (latin1: string) => Buffer.from(latin1, 'latin1')
const download = { type: 'application/octet-stream', disposition: 'attachment' }

describe('C97: the type is told by the first bytes alone', () => {
  test.each([
    ['\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'image/png'],
    ['\xff\xd8\xff\xe0\0\x10JFIF', 'image/jpeg'],
    ['GIF87a', 'image/gif'],
    ['GIF89a/*<script>*/=1', 'image/gif'],
    ['RIFF\x24\0\0\0WEBPVP8 ', 'image/webp'],
    ['RIFF\n\n\n\nWEBP', 'image/webp'],
  ])('%j may be shown', (head, type) => {
    expect(mediaType(bytes(head))).toEqual({ type, disposition: 'inline' })
  })

  test.each([
    '',
    '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    '<?xml version="1.0"?><svg/>',
    '<!doctype html><script>alert(1)</script>',
    '%PDF-1.7',
    'RIFF\x24\0\0\0WAVEfmt ',
    '\x89PNG\r\n\x1a',
    ' GIF89a',
    '\n\x89PNG\r\n\x1a\n',
    'GIF88a',
    'GIF89b',
    '\xff\xd8',
    'BM\0\0',
    '\0\0\0\x1cftypavif',
  ])('%j is for download', (head) => {
    expect(mediaType(bytes(head))).toEqual(download)
  })

  test('what a browser could run is never shown, whatever follows', () => {
    const script = fc.constantFrom('<svg', '<html', '<!doctype html', '<?xml', '%PDF-', '<script', 'MZ', 'PK\x03\x04')
    fc.assert(
      fc.property(script, fc.string({ unit: 'binary-ascii' }), (begin, rest) => {
        expect(mediaType(bytes(begin + rest))).toEqual(download)
      }),
    )
  })

  test('bytes in the middle of a larger piece are looked at, not those around them', () => {
    const piece = bytes('GIF89a----<html>GIF89a')
    expect(mediaType(piece.subarray(10))).toEqual(download)
    expect(mediaType(piece.subarray(16)).type).toBe('image/gif')
  })
})
