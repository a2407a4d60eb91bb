import { forgetFounder, noteFounder } from './consequences.ts'
import { isRule, type RoomEvent } from './events.ts'
import { attend, startAttendance } from './hand-ins.ts'
import { applyRule, remember, seat, unseat } from './moderation.ts'
import { rulesAfter } from './rules.ts'
import type { RoomState } from './state.ts'

/** Applies a fact to the state. Entries come here once they are committed, presence as soon as it is decided. */
export function evolve(state: RoomState, event: RoomEvent): void {
  if ('seq' in event) state.last = event.seq
  if (isRule(event)) {
    applyRule(state, event)
    if (event.type === 'collectionStarted') startAttendance(state)
    return
  }
  switch (event.type) {
    case 'joined':
      noteFounder(state, event.by)
      state.hidden.delete(event.by.id)
      state.members.set(event.by.id, event.by)
      seat(state, event.by)
      attend(state, event.by)
      return
    case 'renamed':
      remember(state, event.by.id)
      state.members.set(event.by.id, event.by)
      seat(state, event.by)
      attend(state, event.by, event.from)
      return
    case 'away':
      state.members.set(event.by.id, { ...event.by, away: event.reason })
      return
    case 'back':
      state.members.set(event.by.id, event.by)
      return
    case 'typing':
      state.typing.set(event.by.id, event.at)
      return
    case 'left': {
      const { id, name } = event.by
      forgetFounder(state, event.by)
      unseat(state, id)
      state.members.delete(id)
      if (event.kickedBy !== undefined || !state.connections.has(id)) return
      // Its other connections stay open.
      state.hidden.set(id, { id, name })
      seat(state, { id, name })
      return
    }
    case 'fileProgressed': {
      const known = state.files.get(event.file.id)
      if (known?.status === 'offered') state.files.set(event.file.id, { ...known, arrived: event.bytes })
      return
    }
    case 'topicSet':
      state.rules = rulesAfter(state.rules, event)
      state.topicSet = { by: event.by, at: event.at }
      return
    case 'fileOffered': {
      const { file, by, at, owner, home } = event
      state.wholeBytes -= wholeBytesOf(state, file.id)
      state.files.set(file.id, {
        ...{ status: 'offered', file, by, at },
        ...(owner === undefined ? {} : { owner }),
        ...(home === undefined ? {} : { home }),
      })
      return
    }
    case 'fileCompleted': {
      const { file, by, at, owner } = event
      state.wholeBytes += file.size - wholeBytesOf(state, file.id)
      const received = new Map<string, number>()
      const served = new Map<string, number>()
      state.receipts.set(file.id, received)
      state.receivers.set(file.id, new Set())
      state.served.set(file.id, served)
      state.holders.set(file.id, new Set())
      state.files.set(file.id, {
        status: 'whole',
        file,
        by,
        at,
        received,
        served,
        ...(owner === undefined ? {} : { owner }),
      })
      return
    }
    case 'fileWithdrawn':
      state.wholeBytes -= wholeBytesOf(state, event.file.id)
      state.files.delete(event.file.id)
      state.receipts.delete(event.file.id)
      for (const notes of [state.receivers, state.served, state.holders]) notes.delete(event.file.id)
      return
    case 'fileServed': {
      const served = state.served.get(event.file.id)
      if (served?.has(event.by.name) === false) served.set(event.by.name, event.at)
      state.holders.get(event.file.id)?.add(event.by.id)
      return
    }
    case 'fileReceived': {
      const received = state.receipts.get(event.file.id)
      if (received?.has(event.by.name) === false) received.set(event.by.name, event.at)
      state.receivers.get(event.file.id)?.add(event.by.id)
      return
    }
    case 'said':
    case 'acted':
    case 'whispered':
    case 'passwordSet':
    case 'passwordRemoved':
    case 'messageRemoved':
    case 'cleared':
    case 'erased':
    case 'fileSpaceLow':
    case 'filesExpiring':
    case 'missed':
      return
    default:
      event satisfies never
  }
}

function wholeBytesOf({ files }: RoomState, id: string): number {
  const known = files.get(id)
  return known?.status === 'whole' ? known.file.size : 0
}
