import type { Entry } from './events.ts'
import { ruleKey } from './moderation.ts'
import { isRuleChange, RULE_OF } from './rules.ts'

/** Number of removed files remembered, so that no bundle brings them back. */
const MOST_GONE = 10_000

/** Sequences of the facts about one file. */
interface FileFacts {
  readonly status: 'offered' | 'whole'
  readonly seq: number
  /** The first receipt for each name. */
  readonly receipts: Map<string, number>
  /** The first one for each member. */
  readonly served: Map<string, number>
}

/**
 * The facts of a room that still matter, so that their number stays bounded however long the room lives: the newest topic; for each file
 * its offer, or its completion and receipts; for a complete file that was removed, its withdrawal; the rules in force. Nothing for an
 * upload that was withdrawn before its completion. The end of a rule is kept while it is the newest fact about it, and may be dropped
 * before the facts it ended.
 */
export class RetainedFacts {
  readonly #seqs = new Set<number>()
  readonly #files = new Map<string, FileFacts>()
  /** Sequences of withdrawals, in order. */
  readonly #gone = new Set<number>()
  /** Sequences of facts that the newest fact about the same subject replaces, by subject. */
  readonly #about = new Map<string, number[]>()
  /** Bans lifted while the room lets nobody new in: their newest sequence, by subject. */
  readonly #lifted = new Map<string, number>()
  #isInviteOnly = false

  /** Takes the room's facts, in their order. */
  take(fact: Entry): void {
    switch (fact.type) {
      // Forgotten along with the earlier message that it removed.
      case 'messageRemoved':
        return
      case 'cleared':
        this.#end('clear', fact.seq)
        return
      case 'locked':
        this.#isInviteOnly = true
        this.#add('lock', fact.seq)
        return
      case 'shutOut':
        this.#add('entry', fact.seq)
        return
      case 'unlocked':
        this.#letIn()
        for (const half of ['entry', 'topic lock']) this.#drop(half)
        this.#end('lock', fact.seq)
        return
      // An earlier lock still says that the topic is locked as well.
      case 'inviteOnlySet':
        if (fact.on) {
          this.#isInviteOnly = true
          this.#add('entry', fact.seq)
        } else {
          this.#letIn()
          this.#end('entry', fact.seq)
        }
        return
      case 'topicLockSet':
        this.#end('topic lock', fact.seq)
        return
      case 'voiced':
      case 'unvoiced':
        this.#end(`voice ${fact.person}`, fact.seq)
        return
      case 'muted':
        this.#add(`mute ${ruleKey(fact.name)}`, fact.seq)
        return
      case 'unmuted':
        this.#end(`mute ${ruleKey(fact.name)}`, fact.seq)
        return
      case 'banned':
        this.#add(`ban ${ruleKey(fact.name)}`, fact.seq)
        return
      case 'unbanned':
        // A lifted ban still says that its persons are not among the insiders.
        if (this.#isInviteOnly) {
          this.#add(`ban ${ruleKey(fact.name)}`, fact.seq)
          this.#lifted.set(`ban ${ruleKey(fact.name)}`, fact.seq)
        } else this.#end(`ban ${ruleKey(fact.name)}`, fact.seq)
        return
      case 'fileOffered':
      case 'fileCompleted':
        this.#forget(fact.file.id)
        this.#files.set(fact.file.id, {
          status: fact.type === 'fileCompleted' ? 'whole' : 'offered',
          seq: fact.seq,
          receipts: new Map(),
          served: new Map(),
        })
        this.#seqs.add(fact.seq)
        return
      case 'fileReceived': {
        const file = this.#files.get(fact.file.id)
        if (file?.status !== 'whole' || file.receipts.has(fact.by.name)) return
        file.receipts.set(fact.by.name, fact.seq)
        this.#seqs.add(fact.seq)
        return
      }
      case 'fileServed': {
        const file = this.#files.get(fact.file.id)
        if (file?.status !== 'whole' || file.served.has(fact.by.id)) return
        file.served.set(fact.by.id, fact.seq)
        this.#seqs.add(fact.seq)
        return
      }
      case 'fileWithdrawn': {
        const status = this.#forget(fact.file.id)
        // If only the withdrawal is left, it was kept because the file had been complete.
        if (status !== 'offered') this.#remember(fact.seq)
        return
      }
      default:
        if (isRuleChange(fact)) this.#end(RULE_OF[fact.type], fact.seq)
        else this.#seqs.add(fact.seq)
    }
  }

  has(seq: number): boolean {
    return this.#seqs.has(seq)
  }

  /** Everybody may enter again: nobody is an insider, so that lifted bans say nothing any more. */
  #letIn(): void {
    this.#isInviteOnly = false
    for (const [about, lifted] of this.#lifted) {
      const seqs = this.#about.get(about) ?? []
      for (const seq of seqs) if (seq < lifted) this.#seqs.delete(seq)
      this.#about.set(
        about,
        seqs.filter((seq) => seq >= lifted),
      )
    }
    this.#lifted.clear()
  }

  #add(about: string, seq: number): void {
    this.#seqs.add(seq)
    const seqs = this.#about.get(about)
    if (seqs === undefined) this.#about.set(about, [seq])
    else seqs.push(seq)
  }

  #drop(about: string): void {
    for (const before of this.#about.get(about) ?? []) this.#seqs.delete(before)
    this.#about.delete(about)
  }

  #end(about: string, seq: number): void {
    this.#drop(about)
    this.#about.set(about, [seq])
    this.#seqs.add(seq)
  }

  /** Answers the status so far. */
  #forget(id: string): FileFacts['status'] | undefined {
    const file = this.#files.get(id)
    if (file === undefined) return undefined
    this.#files.delete(id)
    for (const seq of [file.seq, ...file.receipts.values(), ...file.served.values()]) this.#seqs.delete(seq)
    return file.status
  }

  #remember(seq: number): void {
    this.#seqs.add(seq)
    this.#gone.add(seq)
    if (this.#gone.size <= MOST_GONE) return
    const [oldest] = this.#gone
    if (oldest === undefined) return
    this.#gone.delete(oldest)
    this.#seqs.delete(oldest)
  }
}
