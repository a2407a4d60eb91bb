import { useSignal } from '@preact/signals'
import type { Moderation } from '#domain/room/commands.ts'
import { RULE_OF, SECONDS_SET, setsSeconds } from '#domain/room/rules.ts'
import { secondsRuleText } from '#i18n/render-event.ts'
import { commandsAt } from '#protocol/commands.ts'
import { roomFragment } from '../browser/platform.ts'
import { useFullWords, usePage } from '../state/context.ts'
import { ask, executeCommand } from '../state/execute-command.ts'
import type { Room } from '../state/room.ts'
import { requestAccess } from '../state/room-access.ts'
import { Dialog } from './dialog.tsx'

const RULES = [
  ['lock', 'lockRoom'],
  ['unlock', 'unlockRoom'],
  ['startCollection', 'collectOn'],
  ['endCollection', 'collectOff'],
] as const satisfies readonly (readonly [Moderation['type'], string])[]

/** The commands that set a rule to a time, and the rule of each. */
const TIMED = commandsAt('page').flatMap((row) =>
  'permission' in row && setsSeconds(row.permission)
    ? [{ word: row.word, usage: row.usage, helpKey: row.helpKey, rule: RULE_OF[SECONDS_SET[row.permission]] }]
    : [],
)

/** The operators' settings of the room: access, and the audience of files. */
export function ModerationDialog({ room, closed }: { readonly room: Room; readonly closed: () => void }) {
  const page = usePage()
  const words = useFullWords()
  const { say } = words
  const password = useSignal('')
  const facts = room.store.facts.value
  // The outcome is told in the room, or behind this.
  const done = (_asked: unknown) => room.show(undefined)
  return (
    <Dialog title={say('lookAfter')} closed={closed}>
      <div class="choices">
        {RULES.map(([type, label]) => (
          <button key={type} type="button" onClick={() => done(ask(page, room, { type }))}>
            {say(label)}
          </button>
        ))}
        <button type="button" onClick={() => done(requestAccess(page, room, { type: 'invite' }))}>
          {say('inviteOne')}
        </button>
        <button type="button" onClick={() => done(requestAccess(page, room, { type: 'listInvitations' }))}>
          {say('invitations')}
        </button>
        {room.store.member.value.role === 'owner' && (
          <button
            type="button"
            class="grave"
            onClick={() => room.show({ type: 'remove', command: { type: 'clear' }, name: room.name })}
          >
            {say('removeAll')}
          </button>
        )}
      </div>
      <p>
        <a href={`/hand-ins${roomFragment(room.name)}`} target="_blank" rel="noopener">
          {say('handIns')}
        </a>
      </p>
      {TIMED.map(({ word, usage, helpKey, rule }) => (
        <form
          key={word}
          onSubmit={(event) => {
            event.preventDefault()
            done(executeCommand(page, room, `/${word} ${new FormData(event.currentTarget).get(word)}`, undefined))
          }}
        >
          <label>
            {say(helpKey)}
            <input name={word} required autocomplete="off" placeholder={usage.slice(word.length + 2)} />
          </label>
          <p>{secondsRuleText(rule, facts[rule], words)}</p>
          <div class="choices">
            <button type="submit">{say('save')}</button>
          </div>
        </form>
      ))}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          done(requestAccess(page, room, { type: 'setPassword', password: password.peek().trim() }))
        }}
      >
        <label>
          {say('roomPassword')}
          <input
            value={password}
            required
            autocomplete="off"
            onInput={({ currentTarget }) => {
              password.value = currentTarget.value
            }}
          />
        </label>
        <div class="choices">
          <button type="submit" class="primary">
            {say('save')}
          </button>
          <button
            type="button"
            class="grave"
            onClick={() => done(requestAccess(page, room, { type: 'setPassword', password: undefined }))}
          >
            {say('takePassword')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
