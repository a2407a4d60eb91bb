import { rejected } from '#domain/errors.ts'

export const accessEnded = 'you may not be here any more: what you came in with does not hold now'
export const tooManyRooms = rejected(
  'TOO_MANY_ROOMS',
  'you have joined as many rooms as one connection may; go back to one',
)
export const nowhere = rejected('NOT_A_MEMBER', 'you are in no room; /join one')
