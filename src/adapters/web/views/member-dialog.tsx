import { useSignal } from '@preact/signals'
import { forTerminal } from '#domain/names/text.ts'
import type { Member } from '#domain/room/events.ts'
import { useFullWords, usePage } from '../state/context.ts'
import { ask } from '../state/execute-command.ts'
import type { Room } from '../state/room.ts'
import { Dialog } from './dialog.tsx'
import { Face } from './labels.tsx'

interface MemberProps {
  readonly room: Room
  readonly member: Member
  readonly closed: () => void
}

/** The actions on a member. */
export function MemberDialog({ room, member, closed }: MemberProps) {
  const page = usePage()
  const { say } = useFullWords()
  const { name } = member
  const me = room.store.member.value
  const own = member.id === me.id
  const isIgnored = page.ignored.value.has(name.toLowerCase())
  const isHere = room.store.members.value.some(({ id }) => id === member.id)
  const marks = [
    member.role === undefined ? '' : say(member.role),
    member.away === undefined
      ? ''
      : member.away === ''
        ? say('isAway')
        : `${say('isAway')}: ${forTerminal(member.away)}`,
  ].filter((mark) => mark !== '')
  const whisper = () => {
    room.show(undefined)
    room.writing.address(name)
  }
  return (
    <Dialog title={forTerminal(name)} closed={closed}>
      {marks.length > 0 && (
        <p class="member">
          <Face {...member} /> {marks.join(' · ')}
        </p>
      )}
      <div class="choices">
        {own ? (
          <button type="button" onClick={() => room.show({ type: 'settings' })}>
            {say('settings')}
          </button>
        ) : (
          <>
            {isHere && (
              <button type="button" class="primary" onClick={whisper}>
                {say('message')}
              </button>
            )}
            <button type="button" onClick={() => page.ignore(name)}>
              {isIgnored ? say('showTalk') : say('hideTalk')}
            </button>
          </>
        )}
      </div>
      {!own && me.role !== undefined && <Ruling room={room} member={member} me={me} />}
    </Dialog>
  )
}

/** For the operators. Their permissions are the room's decision. */
function Ruling({ room, member, me }: { readonly room: Room; readonly member: Member; readonly me: Member }) {
  const page = usePage()
  const { say } = useFullWords()
  const reason = useSignal('')
  const { name } = member
  const rule = (type: 'kick' | 'mute' | 'ban') => {
    const why = reason.peek().trim()
    ask(page, room, { type, name, ...(why === '' ? {} : { reason: why }) })
    room.show(undefined)
  }
  const lift = (type: 'unmute' | 'op' | 'deop') => {
    ask(page, room, { type, name })
    room.show(undefined)
  }
  return (
    <fieldset>
      <legend>{say('lookAfter')}</legend>
      <label>
        {say('reason')}
        <input
          value={reason}
          onInput={({ currentTarget }) => {
            reason.value = currentTarget.value
          }}
        />
      </label>
      <div class="choices">
        <button type="button" onClick={() => rule('mute')}>
          {say('mute')}
        </button>
        <button type="button" onClick={() => lift('unmute')}>
          {say('unmute')}
        </button>
        <button type="button" class="grave" onClick={() => rule('kick')}>
          {say('sendOut')}
        </button>
        <button type="button" class="grave" onClick={() => rule('ban')}>
          {say('ban')}
        </button>
        {member.role === undefined && (
          <button type="button" onClick={() => lift('op')}>
            {say('makeOp')}
          </button>
        )}
        {member.role === 'op' && me.role === 'owner' && (
          <button type="button" onClick={() => lift('deop')}>
            {say('takeOp')}
          </button>
        )}
      </div>
    </fieldset>
  )
}
