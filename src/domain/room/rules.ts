import type { SetSeconds, SetSwitch } from './commands.ts'
import type { RoomEvent, RuleChange, SecondsSet, SwitchSet } from './events.ts'

/** The rules for everybody in a room, as every member knows them: one value, replaced as a whole. */
export interface RoomRules {
  /** Empty without a topic. */
  readonly topic: string
  /** Nobody new may enter. */
  readonly inviteOnly: boolean
  /** Only operators may set the topic. */
  readonly topicLocked: boolean
  /** Only operators, and members with a voice, may speak. */
  readonly moderatorsSpeak: boolean
  /** Only members see the room in lists of rooms. */
  readonly unlisted: boolean
  /** The largest number of members; 0: no limit. */
  readonly mostMembers: number
  /**
   * Start of the collection, since when members' files are for operators only, in milliseconds since 1970; undefined while files are for
   * everybody.
   */
  readonly collectingSince: number | undefined
  /** Slow mode: members other than operators may send one message in this many seconds; 0: no limit. */
  readonly slowSeconds: number
  /** Files expire this many seconds after their arrival; 0: they stay. */
  readonly expirySeconds: number
}

/** The rules, and whether there is a password, which the host keeps and not the room. */
export interface RoomFacts extends RoomRules {
  /** A password is needed to join. */
  readonly hasPassword: boolean
}

export const noRules: RoomRules = {
  topic: '',
  inviteOnly: false,
  topicLocked: false,
  moderatorsSpeak: false,
  unlisted: false,
  mostMembers: 0,
  collectingSince: undefined,
  slowSeconds: 0,
  expirySeconds: 0,
}

/** A member can only read; with the operator's reason, if given. */
export interface OwnMute {
  readonly reason?: string
}

/** The rule that each of these events changes; a lock changes `topicLocked` as well. */
export const RULE_OF = {
  topicSet: 'topic',
  locked: 'inviteOnly',
  unlocked: 'inviteOnly',
  collectionStarted: 'collectingSince',
  collectionEnded: 'collectingSince',
  slowModeSet: 'slowSeconds',
  expirySet: 'expirySeconds',
  inviteOnlySet: 'inviteOnly',
  topicLockSet: 'topicLocked',
  moderatorsSpeakSet: 'moderatorsSpeak',
  unlistedSet: 'unlisted',
  mostMembersSet: 'mostMembers',
} as const satisfies Readonly<Record<RuleChange['type'], keyof RoomRules>>

/** The event of each command that sets a rule to a number of seconds. */
export const SECONDS_SET = {
  setSlowMode: 'slowModeSet',
  setExpiry: 'expirySet',
} as const satisfies Readonly<Record<SetSeconds['type'], SecondsSet['type']>>

export const setsSeconds = (type: string): type is SetSeconds['type'] => Object.hasOwn(SECONDS_SET, type)

/** A rule with a number of seconds, 0 when off. */
export type SecondsRule = (typeof RULE_OF)[SecondsSet['type']]
export const secondsRules: readonly SecondsRule[] = Object.values(SECONDS_SET).map((event) => RULE_OF[event])

/** The event of each command that switches a rule on or off. */
export const SWITCH_SET = {
  setInviteOnly: 'inviteOnlySet',
  setTopicLock: 'topicLockSet',
  setModeratorsSpeak: 'moderatorsSpeakSet',
  setUnlisted: 'unlistedSet',
} as const satisfies Readonly<Record<SetSwitch['type'], SwitchSet['type']>>

/** A rule that is on or off. */
export type SwitchRule = (typeof RULE_OF)[SwitchSet['type']]
export const switchRules: readonly SwitchRule[] = Object.values(SWITCH_SET).map((event) => RULE_OF[event])

export const isRuleChange = (event: RoomEvent): event is RuleChange => Object.hasOwn(RULE_OF, event.type)

export function rulesAfter<Rules extends RoomRules>(rules: Rules, event: RuleChange): Rules {
  switch (event.type) {
    case 'topicSet':
      return { ...rules, topic: event.topic }
    case 'locked':
    case 'unlocked':
      return { ...rules, inviteOnly: event.type === 'locked', topicLocked: event.type === 'locked' }
    case 'collectionStarted':
      return { ...rules, collectingSince: event.at }
    case 'collectionEnded':
      return { ...rules, collectingSince: undefined }
    case 'slowModeSet':
    case 'expirySet':
      return { ...rules, [RULE_OF[event.type]]: event.seconds }
    case 'inviteOnlySet':
    case 'topicLockSet':
    case 'moderatorsSpeakSet':
    case 'unlistedSet':
      return { ...rules, [RULE_OF[event.type]]: event.on }
    case 'mostMembersSet':
      return { ...rules, mostMembers: event.most }
    default:
      return event satisfies never
  }
}

/** The facts as a member knows them after an event; the same value if it changes none. */
export function factsAfter(facts: RoomFacts, event: RoomEvent): RoomFacts {
  if (event.type === 'passwordSet' || event.type === 'passwordRemoved')
    return { ...facts, hasPassword: event.type === 'passwordSet' }
  return isRuleChange(event) ? rulesAfter(facts, event) : facts
}
