import { useSignal } from '@preact/signals'
import type { Moderation } from '#domain/room/commands.ts'
import { usePage } from '../state/context.ts'
import { ask } from '../state/execute-command.ts'
import type { Room } from '../state/room.ts'
import { requestAccess } from '../state/room-access.ts'
import { Dialog } from './dialog.tsx'

const RULES = [
  ['lock', 'lockRoom'],
  ['unlock', 'unlockRoom'],
  ['startCollection', 'collectOn'],
  ['endCollection', 'collectOff'],
] as const satisfies readonly (readonly [Moderation['type'], string])[]

/** The operators' settings of the room: access, and the audience of files. */
export function ModerationDialog({ room, closed }: { readonly room: Room; readonly closed: () => void }) {
  const page = usePage()
  const { say } = page.words.value
  const password = useSignal('')
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
      </div>
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
