import type { LocalSession } from '#domain/engine/session.ts'
import { forTerminal } from '#domain/names/text.ts'
import { COLLECTING } from '../connection/wording.ts'

/** What somebody is told who has come into a room. */
export function greet(session: LocalSession): string {
  const collects = session.collectingSince === undefined ? '' : `\n* ${COLLECTING}`
  const topic = session.topic === '' ? '' : `\n* topic: ${forTerminal(session.topic)}`
  const history = session.last === 0 ? '' : `, ${session.last} so far (/history)`
  const name = forTerminal(session.member.name)
  return `* you are ${name} in ${session.room}: ${session.members.length} here${history}. /help tells what to type${topic}${collects}`
}
