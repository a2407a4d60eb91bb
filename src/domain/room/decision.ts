/** What the decision is stamped with: the sequence it gets if it is an entry, the time, and the room's limits. */
export interface Stamp {
  readonly seq: number
  readonly at: number
  readonly maxTextBytes: number
  /** Receipts that one file may have; half of them of those who are not listed, whose names cost nothing. */
  readonly receiptsPerFile: number
}

/** The room knows already what the command says, and by the entry `seq` at the latest: nothing is to be added. */
export interface Known {
  readonly type: 'known'
  readonly seq: number
}
