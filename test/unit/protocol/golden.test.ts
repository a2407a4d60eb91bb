import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeClientMessage, decodeHostMessage, encodeMessage } from '#protocol/messages.ts'
import { clientSamples, hostSamples } from './samples.ts'

/**
 * One file for each message: the message as JSON, and its bytes, 16 a line. They are what other programs are written against, so a
 * change here is a change of the protocol. `GOLDEN=write` makes those that are not there yet.
 */
const GOLDEN = new URL('golden/', import.meta.url)

const hexOf = (bytes: Uint8Array): string =>
  (
    Buffer.from(bytes)
      .toString('hex')
      .match(/.{1,32}/g) ?? []
  )
    .map((line) => (line.match(/../g) ?? []).join(' '))
    .join('\n')

const bytesOf = (golden: string): Uint8Array =>
  new Uint8Array(Buffer.from(golden.slice(golden.indexOf('\n')).replace(/\s/g, ''), 'hex'))

function golden(name: string, message: object, encoded: Uint8Array): string {
  const file = new URL(`${name}.hex`, GOLDEN)
  if (process.env['GOLDEN'] === 'write' && !existsSync(file)) {
    mkdirSync(GOLDEN, { recursive: true })
    writeFileSync(file, `${JSON.stringify(message)}\n${hexOf(encoded)}\n`)
  }
  return readFileSync(file, 'utf8')
}

describe('what clients send', () => {
  test.each(Object.entries(clientSamples))('%s', (name, message) => {
    const kept = golden(`client-${name}`, message, encodeMessage(message))
    expect(JSON.parse(kept.slice(0, kept.indexOf('\n')))).toEqual(message)
    expect(hexOf(encodeMessage(message))).toBe(hexOf(bytesOf(kept)))
    expect(decodeClientMessage(bytesOf(kept))).toEqual(message)
  })
})

describe('what hosts send', () => {
  test.each(Object.entries(hostSamples))('%s', (name, message) => {
    const kept = golden(`host-${name}`, message, encodeMessage(message))
    expect(JSON.parse(kept.slice(0, kept.indexOf('\n')))).toEqual(message)
    expect(hexOf(encodeMessage(message))).toBe(hexOf(bytesOf(kept)))
    expect(decodeHostMessage(bytesOf(kept))).toEqual(message)
  })
})
