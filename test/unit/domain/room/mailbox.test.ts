import { describe, expect, it } from 'vitest'
import type { Mail } from '#domain/room/commands.ts'
import { Mailbox } from '#domain/room/mailbox.ts'
import { ani } from '../../../harness/people.ts'

const limits = { mailboxCommands: 4, mailboxChars: 40 }
const mail = (...texts: string[]): Mail => ({
  by: ani,
  commands: texts.map((text) => ({ type: 'say', text })),
  refused: () => {},
})
const texts = (box: Mailbox): string[] => {
  const all: string[] = []
  for (let each = box.first; each !== undefined; each = box.first) {
    for (const command of each.commands) if ('text' in command) all.push(command.text)
    box.take(each.commands.length)
  }
  return all
}

describe('the mailbox of a room', () => {
  it('gives its mail in order, in whole or in part', () => {
    const box = new Mailbox(limits)
    box.put(mail('1', '2', '3'))
    box.put(mail('4'))
    box.take(2)
    expect(texts(box)).toEqual(['3', '4'])
    expect(box.isEmpty).toBe(true)
  })
  it('puts back what was taken before all others', () => {
    const box = new Mailbox(limits)
    for (const text of ['1', '2', '3']) box.put(mail(text))
    box.take(1)
    box.putBack([mail('0'), mail('1')])
    expect(texts(box)).toEqual(['0', '1', '2', '3'])
  })
  it.each([
    ['commands', ['1', '2', '3', '4']],
    ['characters', ['x'.repeat(40)]],
  ])('is full by its %s until some are taken, and lets those in who wait once it is told to', async (_, given) => {
    const box = new Mailbox(limits)
    box.put(mail(...given))
    expect(box.isFull).toBe(true)
    let isIn = false
    const waiting = box.drained().then(() => {
      isIn = true
    })
    box.release()
    await Promise.resolve()
    expect(isIn).toBe(false)
    box.take(1)
    expect(box.isFull).toBe(false)
    box.release()
    await waiting
    box.putBack([mail(...given)])
    expect(box.isFull).toBe(true)
    texts(box)
    expect(box.isFull).toBe(false)
    await box.drained()
  })
})
