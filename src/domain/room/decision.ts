/** What the decision is stamped with: the sequence it gets if it is an entry, the time, and the room's limits. */
export interface Stamp {
  readonly seq: number
  readonly at: number
  readonly maxTextBytes: number
}

/** The room knows already what the command says, and by the entry `seq` at the latest: nothing is to be added. */
export interface Known {
  readonly type: 'known'
  readonly seq: number
}
