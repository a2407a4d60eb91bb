import { useSignal } from '@preact/signals'
import { forTerminal } from '#domain/names/text.ts'
import type { Member } from '#domain/room/events.ts'
import { focusOn } from '../browser/platform.ts'
import { ask } from '../state/ask.ts'
import { useFullWords, usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { closeAround, Item } from './menu.tsx'

/** What can be done about a member; those who are here no more can still be banned. */
export function PersonActions({ room, member: shown }: { readonly room: Room; readonly member: Member }) {
  const page = usePage()
  const { say } = useFullWords()
  const asked = useSignal<'kick' | 'ban' | undefined>(undefined)
  const here = room.store.members.value.find(({ id }) => id === shown.id)
  const member = here ?? shown
  const { name, role, away, voice } = member
  const me = room.store.member.value
  const isIgnored = page.ignored.value.has(name.toLowerCase())
  const marks = [
    ...(role === undefined ? [] : [say(role === 'op' ? 'moderator' : role)]),
    ...(voice ? [say('hasVoice')] : []),
    ...(away === undefined ? [] : [away === '' ? say('isAway') : `${say('isAway')}: ${forTerminal(away)}`]),
    ...(here === undefined ? [say('notHere')] : []),
  ]
  const head = (
    <div class="menu-head">
      <b>{forTerminal(name)}</b> <span class="fine">{marks.join(' · ')}</span>
    </div>
  )
  if (member.id === me.id)
    return (
      <>
        {head}
        <Item act={() => room.show({ type: 'settings' })}>{say('settings')}</Item>
      </>
    )
  const command = asked.value
  if (command !== undefined)
    return (
      <>
        {head}
        <form
          class="menu-form"
          onSubmit={(event) => {
            event.preventDefault()
            const why = String(new FormData(event.currentTarget).get('reason') ?? '').trim()
            ask(page, room, { type: command, name, ...(why === '' ? {} : { reason: why }) })
            closeAround(event.currentTarget)
          }}
        >
          <label>
            {say('reason')}
            <input name="reason" autocomplete="off" ref={focusOn} />
          </label>
          <button type="submit" class="grave">
            {say(command === 'kick' ? 'sendOut' : 'ban')}
          </button>
        </form>
      </>
    )
  // The room decides; these are offered it.
  const mayRule = me.role !== undefined && role !== 'owner' && (role === undefined || me.role === 'owner')
  const isMuted = room.mutedNames.value.has(name)
  return (
    <>
      {head}
      {here !== undefined && <Item act={() => room.writeTo(name)}>{say('message')}</Item>}
      <Item act={() => page.ignore(name)}>{say(isIgnored ? 'showTalk' : 'hideTalk')}</Item>
      {mayRule && (
        <>
          <Item act={() => ask(page, room, { type: isMuted ? 'unmute' : 'mute', name })}>
            {say(isMuted ? 'unmute' : 'mute')}
          </Item>
          {role === undefined && here !== undefined && (voice || room.store.facts.value.moderatorsSpeak) && (
            <Item act={() => ask(page, room, { type: voice ? 'unvoice' : 'voice', name })}>
              {say(voice ? 'takeVoice' : 'giveVoice')}
            </Item>
          )}
          {role === undefined && here !== undefined && (
            <Item act={() => ask(page, room, { type: 'op', name })}>{say('makeOp')}</Item>
          )}
          {role === 'op' && <Item act={() => ask(page, room, { type: 'deop', name })}>{say('takeOp')}</Item>}
          {here !== undefined && (
            <Item
              stays
              class="grave"
              act={() => {
                asked.value = 'kick'
              }}
            >
              {say('sendOut')}…
            </Item>
          )}
          <Item
            stays
            class="grave"
            act={() => {
              asked.value = 'ban'
            }}
          >
            {say('ban')}…
          </Item>
        </>
      )}
    </>
  )
}
