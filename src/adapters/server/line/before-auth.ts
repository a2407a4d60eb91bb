import { type Rejected, rejected } from '#domain/errors.ts'
import type { Caller } from './commands/command.ts'
import { join } from './commands/join.ts'
import type { BeginItem, Item } from './syntax.ts'

/** What somebody says who has not come in yet: to show what they have, and to go, is all that there is for them (C122). */
export function beforeAuth(caller: Caller, item: Item, abandon: (begin: BeginItem) => void): Promise<void> | undefined {
  switch (item.type) {
    case 'command':
      if (item.word === 'token') return caller.show(item.rest.trim())
      // An invitation opens its room by itself.
      if (item.word === 'join') return join.run(caller, item.rest)
      if (item.word === 'quit') return void caller.quit()
      return caller.refuse(tokenFirst)
    case 'begin':
      abandon(item)
      return caller.refuse(tokenFirst)
    case 'text':
      return caller.refuse(tokenFirst)
    case 'error':
      return caller.refuse(item)
    case 'close':
      void caller.refuse(item)
      return void caller.quit()
    // Nobody has heard any of it.
    case 'hint':
    case 'answer':
    case 'body':
    case 'end':
    case 'cut':
      return undefined
    default:
      return item satisfies never
  }
}

export const tokenFirst: Rejected = rejected(
  'NOT_FOUND',
  'this host wants its token first: type /token TOKEN, or with an invitation /join ROOM INVITATION',
)
