import { forTerminal } from '#domain/names/text.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { COLLECTING, forText, sizeText } from './wording.ts'

/** Of a message of more lines the rest stands in the last one: each of them costs its readers a name. */
const MOST_LINES = 64

/**
 * One event as a line with its end, or nothing. A message of several lines is as many, each with the name before it: the first column is never
 * somebody's text (C62), and no line can pass for another person's.
 */
export function lineOf(event: RoomEvent): string {
  if (event.type === 'said') return spoken(`<${event.by.name}> `, event.text)
  if (event.type === 'missed') {
    const count = event.to - event.from + 1
    return `* ${count === 1 ? '1 line is' : `${count} lines are`} missing here: past this room's history, or damaged\n`
  }
  const name = forTerminal(event.by.name)
  switch (event.type) {
    case 'acted':
      return spoken(`* ${name} `, event.text)
    case 'whispered':
      return spoken(`* ${name} whispers: `, event.text)
    case 'topicSet':
      return `* ${name} set the topic: ${forTerminal(event.topic)}\n`
    case 'joined':
      return `* ${name} joined\n`
    case 'left':
      return `* ${name} ${event.reason === 'left' ? 'left' : `left (${forTerminal(event.reason)})`}\n`
    case 'renamed':
      return `* ${forTerminal(event.from)} is now ${name}\n`
    case 'fileOffered': {
      const size = event.file.size === undefined ? '' : ` (${sizeText(event.file.size)})`
      return `* ${name} is sending ${forTerminal(event.file.name)}${size}${forText(event.file.audience)}\n`
    }
    case 'fileWithdrawn':
      return `* ${forTerminal(event.file.name)} from ${name} is gone: ${forTerminal(event.reason)}\n`
    case 'opped':
      return `* ${name} made ${forTerminal(event.to.name)} an op\n`
    case 'deopped':
      return `* ${forTerminal(event.name)} is no op any more, says ${name}\n`
    case 'muted':
    case 'banned':
    case 'unmuted':
    case 'unbanned': {
      const reason = 'reason' in event && event.reason !== undefined ? `: ${forTerminal(event.reason)}` : ''
      return `* ${name} ${event.type} ${forTerminal(event.name)}${reason}\n`
    }
    case 'locked':
    case 'unlocked':
      return `* ${name} ${event.type} the room\n`
    case 'collectionStarted':
      return `* ${COLLECTING}, says ${name}\n`
    case 'collectionEnded':
      return `* this room collects no more, says ${name}: files are for everybody\n`
    case 'passwordSet':
      return `* ${name} gave the room a password: who comes in from now on needs it\n`
    case 'passwordRemoved':
      return `* ${name} took the room's password away\n`
    // Of what is for everybody there would be too many.
    case 'fileReceived':
      return event.file.audience === undefined ? '' : `* ${name} has ${forTerminal(event.file.name)}, verified\n`
    case 'away':
      return `* ${name} is away${event.reason === '' ? '' : `: ${forTerminal(event.reason)}`}\n`
    case 'back':
      return `* ${name} is back\n`
    // Nobody is told of it.
    case 'shutOut':
    // A line can't be taken back, and these hold for a moment.
    case 'typing':
    case 'fileProgressed':
    case 'fileCompleted':
      return ''
    default:
      return event satisfies never
  }
}

function spoken(by: string, text: string): string {
  if (!text.includes('\n')) return `${by}${forTerminal(text)}\n`
  const lines = text.split('\n')
  const rest = lines.splice(MOST_LINES - 1).join('\n')
  return `${[...lines, ...(rest === '' ? [] : [rest])].map((line) => `${by}${forTerminal(line)}`).join('\n')}\n`
}
