import type { TransferActor } from '../transfer/actor.ts'

/** Whose an upload is, as far as places are shared out. */
export interface UploadHolder {
  /** Where they come from: the household that an address belongs to. */
  readonly address: string
  /** By what they are known again. */
  readonly person: string
}

/** One upload that is not whole. */
export interface UnfinishedUpload extends UploadHolder {
  readonly id: string
  /** Bytes of it that have come. */
  readonly bytes: number
  /** When it last got on, by the clock's `elapsed`. */
  readonly at: number
  /** Whether it may be ended, or interrupted, for another. */
  readonly mayYield: boolean
}

/** What is shared out: places, or bytes. */
export type Measure = (upload: UnfinishedUpload) => number
export const places: Measure = () => 1
export const arrived: Measure = ({ bytes }) => bytes

/** Of all that there is, what one person or one address may have while others go short. */
export const SHARE = 0.5

export const unfinishedOf = (
  { id, durable, touched }: TransferActor,
  holder: UploadHolder,
  mayYield: boolean,
): UnfinishedUpload => ({ ...holder, id, bytes: durable, at: touched, mayYield })

/** So many uploads are no more than somebody may have at once who means well. */
const FEW = 8

/** Those of the person, or else of the address, that would have more than its share of `all` with `more`; whoever has nothing else may have one. */
export function overShare(
  uploads: readonly UnfinishedUpload[],
  asker: UploadHolder,
  measure: Measure,
  more: number,
  all: number,
): { readonly by: keyof UploadHolder; readonly uploads: readonly UnfinishedUpload[] } | undefined {
  for (const by of ['person', 'address'] as const) {
    const theirs = uploads.filter((upload) => upload[by] === asker[by])
    const held = sum(theirs, measure)
    if (held > 0 && held + more > all * SHARE) return { by, uploads: theirs }
  }
  return undefined
}

/**
 * The upload that gives way to one of the asker's: of the address that holds the most, and there of the person who does, the one that got on the
 * longest ago. Nobody gives way to somebody who holds more than they do; `by` at least `more` than that one.
 */
export function yielding(
  uploads: readonly UnfinishedUpload[],
  asker: UploadHolder,
  measure: Measure,
  more = 0,
): UnfinishedUpload | undefined {
  for (const address of mostFirst(uploads, 'address', asker.address, measure, more)) {
    const theirs = uploads.filter((upload) => upload.address === address)
    const isOwn = address === asker.address
    for (const person of mostFirst(theirs, 'person', isOwn ? asker.person : undefined, measure, more)) {
      if (isOwn && person === asker.person && more > 0) continue
      const able = theirs.filter((upload) => upload.person === person && upload.mayYield && measure(upload) > 0)
      const [oldest] = able.sort((one, other) => one.at - other.at)
      if (oldest !== undefined) return oldest
    }
  }
  return undefined
}

/**
 * The upload that gives its place to one of the asker's at an address that has its share of them. Names are free, so that how many there are says
 * nothing there: whoever has a few takes the place of what has the least of its bytes, and nobody loses much to a crowd of names.
 */
export function neighbours(uploads: readonly UnfinishedUpload[], asker: UploadHolder): UnfinishedUpload | undefined {
  const own = uploads.filter(({ person }) => person === asker.person).length
  const [least] = uploads
    .filter(({ mayYield, person }) => mayYield && person !== asker.person)
    .sort((one, other) => one.bytes - other.bytes || one.at - other.at)
  return yielding(uploads, asker, places, FEW) ?? (own < FEW ? least : undefined) ?? yielding(uploads, asker, places)
}

/** Who holds at least `more` than `least` does, and `least` itself, the most first; everybody where nobody is `least`. */
function mostFirst(
  uploads: readonly UnfinishedUpload[],
  by: keyof UploadHolder,
  least: string | undefined,
  measure: Measure,
  more: number,
): readonly string[] {
  const who = [...new Set(uploads.map((upload) => upload[by]))].map((name) => ({
    name,
    held: sum(
      uploads.filter((upload) => upload[by] === name),
      measure,
    ),
  }))
  const own = who.find(({ name }) => name === least)?.held ?? 0
  const able = who.filter(({ name, held }) => least === undefined || name === least || held >= own + more)
  return able.sort((one, other) => other.held - one.held).map(({ name }) => name)
}

const sum = (uploads: readonly UnfinishedUpload[], measure: Measure): number =>
  uploads.reduce((held, upload) => held + measure(upload), 0)
