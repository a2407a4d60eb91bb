import type { SetSeconds, SetSwitch } from './commands.ts'
import type { RoomEvent, RuleChange, SecondsSet, SwitchSet } from './events.ts'

/** The rules that hold for everybody in a room, as each member knows them: one value, replaced as a whole. */
export interface RoomRules {
  /** Empty where there is none. */
  readonly topic: string
  /** Nobody new comes in. */
  readonly inviteOnly: boolean
  /** Only operators set the topic. */
  readonly topicLocked: boolean
  /** Only operators, and members with a voice, speak. */
  readonly moderatorsSpeak: boolean
  /** In no list of rooms but its members'. */
  readonly unlisted: boolean
  /** At most so many members; 0: no limit. */
  readonly mostMembers: number
  /** Since when members' files are for operators of the room only, in milliseconds since 1970; undefined while they are for everybody. */
  readonly collectingSince: number | undefined
  /** Slow mode: members other than operators may send one message in so many seconds; 0: no limit. */
  readonly slowSeconds: number
  /** Files go so many seconds after they came; 0: they stay. */
  readonly expirySeconds: number
}

/** The rules, and whether there is a password: the host keeps that, not the room. */
export interface RoomFacts extends RoomRules {
  /** Needed to join. */
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

/** A member can only read, and why, where the operator said so. */
export interface OwnMute {
  readonly reason?: string
}

/** The rule that each of these events changes; a lock changes `topicLocked` with it. */
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

/** A rule that is a number of seconds, 0 where it does not hold. */
export type SecondsRule = (typeof RULE_OF)[SecondsSet['type']]
export const secondsRules: readonly SecondsRule[] = Object.values(SECONDS_SET).map((event) => RULE_OF[event])

/** The event of each command that turns a rule on or off. */
export const SWITCH_SET = {
  setInviteOnly: 'inviteOnlySet',
  setTopicLock: 'topicLockSet',
  setModeratorsSpeak: 'moderatorsSpeakSet',
  setUnlisted: 'unlistedSet',
} as const satisfies Readonly<Record<SetSwitch['type'], SwitchSet['type']>>

/** A rule that holds or not. */
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

/** The facts as a member knows them behind an event; the same value where it changes none. */
export function factsAfter(facts: RoomFacts, event: RoomEvent): RoomFacts {
  if (event.type === 'passwordSet' || event.type === 'passwordRemoved')
    return { ...facts, hasPassword: event.type === 'passwordSet' }
  return isRuleChange(event) ? rulesAfter(facts, event) : facts
}
