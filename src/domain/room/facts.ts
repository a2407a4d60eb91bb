import { type Entry, isRule, type Persons, type RoomEvent } from './events.ts'

/** A fact that a room needs again after a restart: its topic, its rules, its files and their receipts. Messages are no facts. */
export function isFact(entry: Entry): boolean {
  if (isRule(entry)) return true
  switch (entry.type) {
    case 'topicSet':
    case 'fileOffered':
    case 'fileCompleted':
    case 'fileWithdrawn':
    case 'fileReceived':
    case 'fileServed':
    case 'messageRemoved':
    case 'cleared':
      return true
    case 'erased':
    case 'said':
    case 'acted':
    case 'whispered':
    case 'passwordSet':
    case 'passwordRemoved':
      return false
    default:
      return entry satisfies never
  }
}

/** The events for readers, without the fields reserved for the host: persons of rules, owners and homes of uploads, and others. */
export function publicFacts(events: readonly RoomEvent[]): readonly RoomEvent[] {
  if (!events.some(isForTheHost)) return events
  return events
    .filter(({ type }) => type !== 'shutOut')
    .map((event) => {
      if (!isForTheHost(event)) return event
      const { persons: _, owner: __, trace: ___, home: ____, ...open } = event as RoomEvent & Partial<HostFields>
      return open
    })
}

interface HostFields {
  readonly persons: Persons
  readonly owner: string
  readonly trace: string
  readonly home: string
}

const isForTheHost = (event: RoomEvent): boolean =>
  event.type === 'shutOut' || 'persons' in event || 'owner' in event || 'trace' in event || 'home' in event
