import type { Acted, Entry, FileCompleted, FileReceived, Said, TopicSet, Whispered } from '../room/events.ts'

export type Message = Said | Acted | Whispered

/**
 * What of a room travels to another host: its messages, its topic, its whole files and who has verified them. Who may do what stays
 * (ops, bans, mutes, locks, passwords, whether it collects): it is each host's own to say, and somebody else's bundle must not say it.
 */
export type Carried = Message | TopicSet | FileCompleted | FileReceived

export const isMessage = (entry: Entry): entry is Message =>
  entry.type === 'said' || entry.type === 'acted' || entry.type === 'whispered'

/** Of a room's facts those that travel, in their order: the topic that holds, and the files that are there and are none of `without`. */
export function carriedFacts(facts: readonly Entry[], without: ReadonlySet<string>): readonly Carried[] {
  let topic: TopicSet | undefined
  const files = new Map<string, { readonly completed: FileCompleted; readonly received: Map<string, FileReceived> }>()
  for (const fact of facts) {
    if (fact.type === 'topicSet') topic = fact
    else if (fact.type === 'fileWithdrawn') files.delete(fact.file.id)
    else if (fact.type === 'fileCompleted' && !without.has(fact.file.id))
      files.set(fact.file.id, { completed: fact, received: new Map() })
    else if (fact.type === 'fileReceived') {
      const received = files.get(fact.file.id)?.received
      if (received?.has(fact.by.name) === false) received.set(fact.by.name, fact)
    }
  }
  const kept = [...files.values()].flatMap(({ completed, received }) => [completed, ...received.values()])
  return [...(topic === undefined ? [] : [topic]), ...kept].toSorted((one, other) => one.seq - other.seq)
}
