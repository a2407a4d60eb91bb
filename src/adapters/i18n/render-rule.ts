import type { PasswordRemoved, PasswordSet, Rule } from '#domain/room/events.ts'
import {
  type RoomRules,
  RULE_OF,
  type SecondsRule,
  type SwitchRule,
  secondsRules,
  switchRules,
} from '#domain/room/rules.ts'
import { spanText } from './format.ts'
import type { FullPageTranslator } from './translator.ts'

/** Events about the rules of a room and its moderators: the page loads their sentences when it first shows one. */
export type RuleEvent = Rule | PasswordSet | PasswordRemoved

export function ruleText(event: RuleEvent, words: FullPageTranslator): string {
  const { say } = words
  const { name } = event.by
  if ('seconds' in event)
    return say('ruleSet', { name, rule: secondsRuleText(RULE_OF[event.type], event.seconds, words) })
  if ('on' in event) return say('ruleSet', { name, rule: switchText(RULE_OF[event.type], event.on, words) })
  switch (event.type) {
    case 'opped':
      // Nobody but the founder of a room makes themselves one.
      return event.by.id === event.to.id ? say('founded', { name }) : say('opped', { name, to: event.to.name })
    case 'voiced':
      return say('voiced', { name, to: event.to.name })
    case 'mostMembersSet':
      return say('ruleSet', { name, rule: mostMembersText(event.most, words) })
    case 'deopped':
    case 'unvoiced':
    case 'unmuted':
    case 'unbanned':
      return say(event.type, { name, to: event.name })
    case 'muted':
    case 'banned': {
      const { type, name: to, reason: why } = event
      return why === undefined ? say(type, { name, to }) : say(`${type}Why`, { name, to, why })
    }
    case 'locked':
    case 'unlocked':
    case 'collectionStarted':
    case 'collectionEnded':
    case 'passwordSet':
    case 'passwordRemoved':
      return say(event.type, { name })
    // Nobody is told of it.
    case 'shutOut':
      return ''
    default:
      return event satisfies never
  }
}

/** How a rule stands that is a number of seconds: in the answer to its author, and in greetings. */
export function secondsRuleText(rule: SecondsRule, seconds: number, { say, language }: FullPageTranslator): string {
  return seconds === 0 ? say(`${rule}Off`) : say(rule, { time: spanText(seconds, language) })
}

/** The same of one that holds or not. */
export const switchText = (rule: SwitchRule, on: boolean, { say }: FullPageTranslator): string =>
  say(on ? rule : `${rule}Off`)

export const mostMembersText = (most: number, { say }: FullPageTranslator): string =>
  most === 0 ? say('mostMembersOff') : say('mostMembers', { most })

/** How the rules stand that hold, but for the topic and hand-ins. */
export const rulesText = (rules: RoomRules, words: FullPageTranslator): readonly string[] => [
  ...(isLocked(rules) ? [words.say('isLocked')] : []),
  ...switchRules.flatMap((rule) =>
    rules[rule] && !(isLocked(rules) && HALVES.has(rule)) ? [switchText(rule, true, words)] : [],
  ),
  ...(rules.mostMembers > 0 ? [mostMembersText(rules.mostMembers, words)] : []),
  ...secondsRules.flatMap((rule) => (rules[rule] > 0 ? [secondsRuleText(rule, rules[rule], words)] : [])),
]

const HALVES: ReadonlySet<SwitchRule> = new Set(['inviteOnly', 'topicLocked'])
const isLocked = ({ inviteOnly, topicLocked }: RoomRules): boolean => inviteOnly && topicLocked
