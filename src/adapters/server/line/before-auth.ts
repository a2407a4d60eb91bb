import { type Caller, executeCommand, tokenFirst } from './execute.ts'
import type { BeginItem, Item } from './syntax.ts'

/** Handles input before authentication: only the commands of that time (C122). */
export function beforeAuth(caller: Caller, item: Item, abandon: (begin: BeginItem) => void): Promise<void> | undefined {
  switch (item.type) {
    case 'command':
      return executeCommand(caller, item.word, item.rest)
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
