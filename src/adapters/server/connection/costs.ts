/** What something costs of a rate, in lines of text: a fixed part, and one line more for each `per` items of its answer. */
export interface Cost {
  readonly fixed: number
  readonly per: number
}

/** The one table of costs: what is asked for at any server costs what its answer costs the host. A line of text costs 1. */
export const COSTS = {
  /** Lines of text. */
  text: { fixed: 0, per: 1 },
  /** Entries found. */
  search: { fixed: 10, per: 20 },
  /** Entries read. */
  history: { fixed: 1, per: 50 },
  /** Names listed. */
  members: { fixed: 0, per: 50 },
  /** Files listed, with who has them. */
  files: { fixed: 0, per: 20 },
  rooms: { fixed: 1, per: 100 },
  /** Entries behind which somebody joins: they are read from the journal. */
  join: { fixed: 2, per: 1000 },
} as const satisfies Record<string, Cost>

/** What is paid before anything is done. */
export const priceOf = ({ fixed }: Cost): number => fixed

/** What is paid for so many items of an answer. */
export const priceOfItems = ({ per }: Cost, items: number): number => Math.ceil(Math.max(0, items) / per)

/** What it costs to come into a room so many entries behind its newest. */
export const priceOfJoin = (behind: number): number => priceOf(COSTS.join) + priceOfItems(COSTS.join, behind)
