import { expect } from 'vitest'
import type { Person } from '../../harness/line-house.ts'
import { type Item, parse } from './told.ts'

/** Presence that a peer is told of; one that may be behind is told the difference later. */
interface Coming {
  readonly line: string
  readonly optional: boolean
}

/** Somebody at a line connection, and everything that must be seen there. */
export interface Peer {
  readonly person: Person
  name: string
  room: string
  mode: 'inline' | 'links'
  stalled: boolean
  stalledAtMs: number
  /** The last round in which they said something. */
  spokeIn: number
  here: boolean
  /** In which room it was, and what it had asked for, in each round. */
  readonly rounds: { readonly room: string; readonly mode: 'inline' | 'links' }[]
  readonly presence: Coming[]
  /** Answers to what it typed, as patterns, in order. */
  readonly answers: RegExp[]
}

/**
 * Each peer has seen exactly what was said to it while it was there, author by author in their order, and all of them in
 * the order of the first `walls` peers, who only listen, each in a room of its own.
 */
export function checkViews(peers: readonly Peer[], walls: number, items: readonly Item[]): void {
  const order = new Map<Item, number>()
  for (const wall of peers.slice(0, walls)) seenBy(wall, items).forEach((item, at) => void order.set(item, at))
  peers.forEach((peer, index) => {
    const seen = seenBy(peer, items)
    const expected = items.filter((item) => {
      const then = peer.rounds[item.round]
      return then?.room === item.room && item.author !== index && (item.to ?? index) === index
    })
    const who = `what ${peer.name} (${index}) saw`
    expect(byAuthor(seen), who).toEqual(byAuthor(expected))
    for (const room of new Set(items.map((item) => item.room))) {
      const places = seen.filter((item) => item.room === room).flatMap((item) => order.get(item) ?? [])
      expect(places, `${who} of ${room}, as those who listen heard it`).toEqual(places.toSorted((a, b) => a - b))
    }
  })
}

const byAuthor = (items: readonly Item[]): string[] =>
  items.toSorted((one, other) => one.author - other.author).map((item) => item.inline)

/** The items that arrived at a peer, in order; everything else that arrived must be as it should, too. */
function seenBy(peer: Peer, items: readonly Item[]): Item[] {
  const tokens = parse(Buffer.from(peer.person.bytes, 'latin1')).map((token) =>
    token.replace(/^(\* (?:file )?)\[\w{8}\]/, '$1[ID]'),
  )
  const known = new Map<string, Item>()
  for (const item of items) {
    const then = peer.rounds[item.round]
    if (then !== undefined) known.set(item[then.mode], item)
  }
  const presence = new Set(peer.presence.map(({ line }) => line))
  const mayBeBehind = peer.presence.some(({ optional }) => optional)
  const seen: Item[] = []
  const came: string[] = []
  const answers: string[] = []
  for (const token of tokens) {
    const item = known.get(token)
    if (item !== undefined) seen.push(item)
    else if (presence.has(token) || (mayBeBehind && DIFFERENCE.test(token))) came.push(token)
    else answers.push(token)
  }
  const who = peer.name
  expect(new Set(seen).size, `${who} saw nothing twice`).toBe(seen.length)
  expect(
    answers.map((answer, at) => (peer.answers[at]?.test(answer) === true ? peer.answers[at] : answer)),
    `answers to ${who}`,
  ).toEqual(peer.answers)
  expect(
    isToldOf(came, peer.presence),
    `${who} heard of ${came.join(', ')}; there was ${JSON.stringify(peer.presence)}`,
  ).toBe(true)
  return seen
}

const DIFFERENCE = /^\* .+ (?:joined|left|is now .+)$/

/** Whether `came` is all that must come, in order, and for the optional ones a difference, which is never longer than they are. */
function isToldOf(came: readonly string[], all: readonly Coming[]): boolean {
  const required = all.filter(({ optional }) => !optional)
  let reached = 0
  for (const line of came) if (line === required[reached]?.line) reached++
  return reached === required.length && came.length <= all.length
}
