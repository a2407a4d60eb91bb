import { mergeMap, type Observable, Subject } from 'rxjs'
import { type Rejected, rejected } from '../errors.ts'
import { subnetOf } from '../names/subnet.ts'
import { failureText } from '../names/text.ts'
import type { Span } from '../ports/journal.ts'
import { Batch, type KnownId, PendingBatch } from './batch.ts'
import type { Ack, Kick, Known, Mail, RoomCommand, Stamp } from './commands.ts'
import { Connections } from './connections.ts'
import { consequenceOf, foundedElsewhere } from './consequences.ts'
import { decide } from './decide.ts'
import { arrive, hostOf, type MemberNews } from './elsewhere.ts'
import { type Audience, type Entry, isEntry, isRule, type Member, type Role, type RoomEvent } from './events.ts'
import { evolve } from './evolve.ts'
import { Mailbox, type MailboxLimits } from './mailbox.ts'
import { arrivingAs, muteOf, personOf, rankOf, seat } from './moderation.ts'
import { notAMember, type Permission, refusalFor } from './permissions.ts'
import { isPublished, type MembersById, publishedMembers } from './published-members.ts'
import type { OwnMute } from './rules.ts'
import { noteAdopted, noteSpoken, unspoken } from './slow-mode.ts'
import { initialState, type RoomFile, type RoomState } from './state.ts'
import { addressee, admits, audienceFor, type Reader, readerOf } from './visibility.ts'

/** From this number of members on, joins, leaves and renames are gathered before they are published. */
const LARGE_ROOM = 100

/** Called when a room has mail: to be decided at the end of the tick or, `gathered`, a moment later along with more of its kind. */
export type Wake = (room: RoomActor, when?: 'gathered') => void

export interface ActorLimits extends MailboxLimits {
  /** The host's own room. In any other, the first member to enter becomes an operator. Left out: in none. */
  readonly ownRoom?: string
  /** Bytes of one message. */
  readonly maxTextBytes: number
  /** Number of receipts for one file. */
  readonly receiptsPerFile: number
  /** Number of commands of one room in one commit, so that no step takes long. */
  readonly commitCommands: number
  /** Characters of messages after which a commit is full: in a cluster, a batch must fit into one message of the journal. */
  readonly commitChars: number
}

/**
 * One room: a bounded mailbox, one decision at a time, and the stream of committed batches. It decides when the commit loop asks for a
 * batch. While commits are in progress its mail gathers, so the load itself sets the size of the next batch.
 */
export class RoomActor {
  readonly #state: RoomState
  readonly #limits: ActorLimits
  readonly #wake: Wake
  readonly #batches = new Subject<Batch>()
  readonly #connections: Connections
  readonly #mailbox: Mailbox
  /** Batches prepared and not yet committed, the oldest first. */
  #ahead: PendingBatch[] = []
  /** Batches of other hosts that wait for those ahead. They were committed behind these, or in their place. */
  #foreign: Batch[] = []
  readonly #isShared: boolean
  #closed = false
  /** The cached `publishedMembers`; undefined after a change. */
  #published: MembersById | undefined

  /** Asks another host to kick its member; undefined without other hosts. */
  kickElsewhere: ((host: string, by: Member, command: Kick) => Promise<Ack | Rejected>) | undefined

  /** First sequence of the room's history; it grows when the history is trimmed. */
  first: number

  /**
   * `attended`: earlier members, as far as this host remembers them from an actor before. `isShared`: other hosts append to the room as
   * well.
   */
  constructor(
    name: string,
    span: Span | undefined,
    facts: readonly Entry[],
    limits: ActorLimits,
    wake: Wake,
    attended: RoomState['attended'] = new Map(),
    isShared = false,
  ) {
    this.#state = initialState(name, limits.ownRoom !== undefined && name !== limits.ownRoom)
    for (const fact of facts) evolve(this.#state, fact)
    for (const [key, member] of attended) this.#state.attended.set(key, member)
    this.#state.last = span?.last ?? 0
    this.first = span?.first ?? 1
    this.#connections = new Connections(this.#state)
    this.#limits = limits
    this.#mailbox = new Mailbox(limits)
    this.#wake = wake
    this.#isShared = isShared
  }

  /** To be read only. */
  get state(): Readonly<RoomState> {
    return this.#state
  }

  /**
   * Every event of the room from now on, after its commit: entries with their sequence, and presence. For the host alone, since it
   * includes whispers and files with an audience. Completes when the room is unloaded because nobody uses it.
   */
  get events$(): Observable<RoomEvent> {
    return this.#batches.pipe(mergeMap(({ events }) => events))
  }

  /** Committed batches, in order, as they are committed. */
  get batches$(): Observable<Batch> {
    return this.#batches.asObservable()
  }

  /** The connections of its members. */
  get connections(): Connections {
    return this.#connections
  }

  /** Admits a member without publishing it. Answers the sequence after which it is present. A listed member is present already. */
  admitHidden(member: Member, role: Role | undefined): number | Rejected {
    const arriving = arrivingAs(this.#state, member, role)
    if (arriving !== 'banned' && this.#state.members.has(member.id)) return this.#state.last
    const why = refusalFor(arriving, 'enter')
    if (why !== undefined) return why
    const seated = role === undefined ? member : { ...member, role }
    this.#state.hidden.set(member.id, seated)
    seat(this.#state, seated)
    return this.#state.last
  }

  /** The refusal for a member of the room that lacks this permission; undefined otherwise. */
  refusalTo(id: string, permission: Permission): Rejected | undefined {
    const isHandIn = permission === 'upload' && this.#state.rules.collectingSince !== undefined
    return refusalFor(rankOf(this.#state, id), isHandIn ? 'handIn' : permission)
  }

  /** The mute that applies to a member. */
  muteOf(id: string): OwnMute | undefined {
    return muteOf(this.#state, id)
  }

  /** The refusal that this command of a member would get; undefined if it would be carried out. Nothing is done. */
  refusalOf(by: Member, command: RoomCommand): Rejected | undefined {
    const { maxTextBytes, receiptsPerFile } = this.#limits
    const event = this.#decide(by, command, { seq: this.#state.last + 1, at: 0, maxTextBytes, receiptsPerFile })
    return event.type === 'rejected' ? event : undefined
  }

  /** The audience of a file from this member: the member of that name, or the room. */
  audienceFor(by: Member, name: string | undefined): Audience | undefined | Rejected {
    const to = name === undefined ? undefined : addressee(this.#state, name)
    return to !== undefined && 'type' in to ? to : audienceFor(this.#state, by, to)
  }

  /** The person behind a member: the same after they come back, if they have a key. */
  personOf(id: string): string {
    return personOf(this.#state, id)
  }

  /** The subnet of a member's address as the server knows it. Others may share it. */
  subnetOf(id: string): string {
    return subnetOf(this.#state.origins.get(id)?.address ?? '')
  }

  /** The access rights of a reader at this moment; the reader need not be in the room. */
  reader(id: string): Reader {
    return readerOf(this.#state, id)
  }

  /** A file, if this member may see it. */
  file(id: string, member: string): RoomFile | undefined {
    const file = this.#state.files.get(id)
    return file !== undefined && admits(file.file.audience, this.reader(member)) ? file : undefined
  }

  /** Whether a member is listed, according to what was published so far. */
  lists(id: string): boolean {
    return isPublished(id, this.#state.members, this.#decided)
  }

  /** The listed members, with their names, according to what was published so far: the same map until that changes. */
  get publishedMembers(): MembersById {
    this.#published ??= publishedMembers(this.#state.members, this.#decided)
    return this.#published
  }

  /** Events decided and not yet published, the oldest first. */
  get #decided(): readonly RoomEvent[] {
    return this.#ahead.flatMap(({ batch }) => batch.events)
  }

  get observed(): boolean {
    return this.#batches.observed
  }

  /** Nothing waits to be decided, committed or published. */
  get idle(): boolean {
    return this.#mailbox.isEmpty && this.#ahead.length === 0
  }

  /**
   * Whether the next batch can be decided. With one in progress only messages can, and only behind messages: every other command changes
   * how later ones are decided. If the journal does not keep the batch before, messages are decided again (`takeBack`).
   */
  get isReady(): boolean {
    if (this.#ahead.length === 0) return true
    const next = this.#mailbox.first?.commands[0]
    return next !== undefined && isMessage(next) && this.#ahead.every(({ holdsFact }) => !holdsFact)
  }

  /** Takes a member's commands, or none of them while the mailbox is full: `drained` tells when to try again. */
  post(mail: Mail): 'accepted' | 'full' {
    if (this.#mailbox.isFull) return 'full'
    this.tell(mail)
    return 'accepted'
  }

  /** Takes mail that must neither wait nor get lost (joins, leaves, the facts of a transfer), even into a full mailbox. */
  tell(mail: Mail): void {
    // Another actor may be numbering this room's entries by now.
    if (this.#closed) {
      for (const _ of mail.commands) mail.refused(notAMember)
      return
    }
    this.#mailbox.put(mail)
    if (this.#state.members.size >= LARGE_ROOM && mail.commands.every(isPresence)) this.#wake(this, 'gathered')
    else this.#wake(this)
  }

  /** Resolves when the mailbox has room again; at once if it has. */
  drained(): Promise<void> {
    return this.#mailbox.drained()
  }

  /** Decides the waiting mail, up to the limit of one commit. */
  prepare(at: number): PendingBatch {
    const before = this.#ahead.at(-1)
    const pending = new PendingBatch(
      this.#state.name,
      before === undefined ? this.#state.last : before.next - 1,
      before !== undefined,
    )
    this.#ahead.push(pending)
    const { commitCommands, commitChars } = this.#limits
    let done = 0
    while (done < commitCommands && pending.chars < commitChars && !pending.holdsRule) {
      const mail = this.#mailbox.first
      if (mail === undefined) break
      const decided = this.#decideAll(mail, pending, at)
      this.#mailbox.take(decided)
      done += decided
      if (decided < mail.commands.length) break
    }
    if (!this.#mailbox.isEmpty) this.#wake(this)
    return pending
  }

  /**
   * Decides the commands of one mail, and answers their number. It stops after a rule, because later commands are judged by the rule,
   * which is in force once committed. Behind another batch it stops before anything that is no message. In a shared room it stops behind
   * an entry too: entries may be taken back, presence stays, and nobody must leave before their own words.
   */
  #decideAll(mail: Mail, pending: PendingBatch, at: number): number {
    const { maxTextBytes, receiptsPerFile, commitChars } = this.#limits
    let decided = 0
    while (decided < mail.commands.length && !pending.holdsRule && pending.chars < commitChars) {
      const command = mail.commands[decided] as RoomCommand
      if ((pending.isBehind || (this.#isShared && pending.holdsEntry)) && !isMessage(command)) break
      decided++
      const id = 'id' in command ? command.id : undefined
      if (id !== undefined && pending.repeats(id, mail, command)) continue
      const stamp = { seq: pending.next, at, maxTextBytes, receiptsPerFile }
      const event = this.#decide(mail.by, command, stamp)
      if (command.type === 'kick' && this.#asksElsewhere(event, mail, command)) continue
      if (event.type === 'rejected') {
        mail.refused(event)
        continue
      }
      if (event.type === 'known') {
        pending.repeat(mail, event.seq, command)
        continue
      }
      if ((event.type === 'fileReceived' || event.type === 'fileServed') && pending.repeatsReceipt(event, mail))
        continue
      const rule = consequenceOf(this.#state, event, stamp)
      if (event.type === 'said' || event.type === 'acted') noteSpoken(this.#state, event.by.id, at, id)
      // An entry is answered with its own sequence, everything else with the commit of its consequence.
      const answersFirst = rule === undefined || isEntry(event)
      pending.add(event, answersFirst ? mail : unanswered(mail), id, command)
      // An entry counts once it is committed. Presence cannot fail, and the next command must see it (C65).
      if (!isEntry(event)) evolve(this.#state, event)
      if (rule !== undefined) {
        // A consequence is decided again along with its entry.
        const again = rule.type === 'shutOut' ? ({ type: 'shutPersonOut', person: rule.person } as const) : undefined
        pending.add(rule, answersFirst ? unanswered(mail) : mail, undefined, again)
      }
    }
    return decided
  }

  /** Whether this is a kick of a member at another host, which then decides it. */
  #asksElsewhere(event: RoomEvent | Known | Rejected, { by, refused, committed }: Mail, command: Kick): boolean {
    const host = event.type === 'left' ? hostOf(this.#state, event.by.id) : undefined
    if (host === undefined || event.type !== 'left' || this.kickElsewhere === undefined) return false
    const answer = (answer: Ack | Rejected) => (answer.type === 'ack' ? committed?.(answer) : refused(answer))
    this.kickElsewhere(host, by, { ...command, member: event.by.id }).then(answer, () => refused(busy))
    return true
  }

  /** The journal has the batch: from now on it is part of the state that commands are decided by. `publish` comes next. */
  keep(pending: PendingBatch): void {
    if (pending.size > 0) for (const entry of pending.batch.entries) evolve(this.#state, entry)
  }

  /** The same batch without the entries whose ids the journal knows. */
  without(pending: PendingBatch, known: readonly KnownId[]): PendingBatch {
    const rest = pending.without(known)
    this.#ahead[this.#ahead.indexOf(pending)] = rest
    return rest
  }

  /**
   * The journal has not kept the batch before this one, or another host came first. Its commands, and those of all batches behind it,
   * are decided again, before all others. Presence is valid already, and is published.
   */
  takeBack(pending: PendingBatch): void {
    const index = this.#ahead.indexOf(pending)
    // It was behind another batch that was taken back.
    if (index < 0) return
    const back = this.#ahead.splice(index)
    for (const { batch } of back) for (const { at } of batch.entries) unspoken(this.#state, at)
    this.#mailbox.putBack(back.flatMap(({ commands }) => commands))
    for (const { presence } of back) if (presence.size > 0) this.#publish(presence)
    this.#adoptAll()
    if (!this.#mailbox.isEmpty) this.#wake(this)
  }

  /** Publishes it, then acknowledges it. */
  publish(pending: PendingBatch): void {
    this.#ahead.splice(this.#ahead.indexOf(pending), 1)
    this.#publish(pending)
    this.#adoptAll()
  }

  /** Takes in a batch of another host, behind the batches in progress here: those were committed before it, or are taken back. */
  adopt(batch: Batch): void {
    this.#foreign.push(batch)
    this.#adoptAll()
  }

  /** News of members at other hosts: valid and published at once. */
  hear(host: string, news: readonly MemberNews[]): void {
    const events: RoomEvent[] = []
    for (const each of news) {
      const event = arrive(this.#state, host, each)
      if (event === undefined) continue
      evolve(this.#state, event)
      events.push(event)
    }
    if (events.length === 0) return
    this.#show(new Batch(this.#state.name, events))
    this.#connections.evict(events)
  }

  #adoptAll(): void {
    if (this.#ahead.length > 0 || this.#foreign.length === 0) return
    for (const batch of this.#foreign.splice(0)) {
      // Already included when the room was read back.
      if ((batch.last ?? 0) <= this.#state.last) continue
      foundedElsewhere(this.#state)
      for (const entry of batch.entries) evolve(this.#state, entry)
      noteAdopted(this.#state, batch)
      this.#show(batch)
      if (batch.events.some(({ type }) => type === 'banned')) this.#connections.evict(batch.events)
    }
  }

  #show(batch: Batch): void {
    if (batch.events.some((event) => !isEntry(event) || isRule(event))) this.#published = undefined
    this.#batches.next(batch)
  }

  #publish(pending: PendingBatch): void {
    if (pending.size > 0) {
      this.#show(pending.batch)
      if (pending.evicts) this.#connections.evict(pending.batch.events)
    }
    pending.acknowledge()
    this.#mailbox.release()
  }

  /** The journal could not keep it. The authors are told why; presence is published all the same. */
  refuse(pending: PendingBatch, why: Rejected): void {
    const [entry] = pending.batch.entries
    if (entry !== undefined) unspoken(this.#state, entry.at)
    this.#ahead.splice(this.#ahead.indexOf(pending), 1)
    this.#publish(pending.refuseEntries(why))
    this.#adoptAll()
  }

  /** A command outside the types is the mistake of the program that sends it, and no reason to lose a commit (C90). */
  #decide(by: Member, command: RoomCommand, stamp: Stamp): ReturnType<typeof decide> {
    try {
      return decide(this.#state, by, command, stamp)
    } catch (error) {
      const why = failureText(error)
      return rejected('BAD_COMMAND', `this is no command of a room: ${why}`)
    }
  }

  /** Ends the streams of all subscribers, and takes no more mail. Call it while the room is `idle`. */
  close(): void {
    this.#closed = true
    this.#batches.complete()
    this.#connections.close()
  }
}

const unanswered = ({ by, commands }: Mail): Mail => ({ by, commands, refused: () => {} })

const isMessage = ({ type }: RoomCommand): boolean => type === 'say' || type === 'act' || type === 'whisper'

const isPresence = ({ type }: RoomCommand): boolean => type === 'join' || type === 'leave' || type === 'rename'

/** A member's request to the room: refused while its mailbox is full. */
export function ask(room: RoomActor, by: Member, command: RoomCommand): Promise<Ack | Rejected> {
  return new Promise((resolve) => {
    if (room.post(mail(by, command, resolve)) === 'full') resolve(busy)
  })
}

/** The engine's own message to a room: always taken. */
export function tell(room: RoomActor, by: Member, command: RoomCommand): Promise<Ack | Rejected> {
  return new Promise((resolve) => room.tell(mail(by, command, resolve)))
}

const mail = (by: Member, command: RoomCommand, answer: (answer: Ack | Rejected) => void): Mail => ({
  by,
  commands: [command],
  refused: answer,
  committed: answer,
})

const busy = rejected('BUSY', 'too much waits to be kept; try again in a moment')
