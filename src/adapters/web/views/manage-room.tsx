import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId } from 'preact/hooks'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { roomAccess } from '#client/queries.ts'
import type { SetSeconds } from '#domain/room/commands.ts'
import type { DropLink } from '#domain/room/room-access.ts'
import { type RoomRules, RULE_OF, SECONDS_SET, SWITCH_SET, setsSeconds } from '#domain/room/rules.ts'
import { mostMembersText, secondsRuleText } from '#i18n/render-rule.ts'
import type { FullPageTranslator } from '#i18n/translator.ts'
import { commandsAt } from '#protocol/commands.ts'
import type { Invitation, KeptInvitation } from '#protocol/schema.ts'
import { ask } from '../state/ask.ts'
import { useFullWords, usePage } from '../state/context.ts'
import { executeCommand } from '../state/execute-command.ts'
import { openHandIns } from '../state/more-commands.ts'
import type { Room } from '../state/room.ts'
import { requestAccess, roomLink } from '../state/room-access.ts'
import { Dialog } from './dialog.tsx'
import { Time } from './labels.tsx'
import { CopyLine } from './share-sheet.tsx'

/** The commands that turn a rule on or off, and the messages of its switch. */
const SWITCHES = [
  ['setInviteOnly', 'lockRoom', 'lockedAbout'],
  ['setTopicLock', 'lockTopic', 'lockTopicAbout'],
  ['setModeratorsSpeak', 'announcements', 'announcementsAbout'],
  ['setUnlisted', 'hideRoom', 'hideRoomAbout'],
] as const

const isTyped = (type: string): type is 'setMostMembers' | SetSeconds['type'] =>
  type === 'setMostMembers' || setsSeconds(type)

/** The commands that set a rule to a number or a time. */
const TYPED = commandsAt('page').flatMap((row) =>
  'permission' in row && isTyped(row.permission)
    ? [{ word: row.word, usage: row.usage, helpKey: row.helpKey, type: row.permission }]
    : [],
)

function standing(type: (typeof TYPED)[number]['type'], rules: RoomRules, words: FullPageTranslator): string {
  if (type === 'setMostMembers') return mostMembersText(rules.mostMembers, words)
  const rule = RULE_OF[SECONDS_SET[type]]
  return secondsRuleText(rule, rules[rule], words)
}

interface PartProps {
  readonly room: Room
}

/** The operators' settings of the room, each as it is now. */
export function ManageRoom({ room, closed }: PartProps & { readonly closed: () => void }) {
  const page = usePage()
  const { say } = useFullWords()
  const facts = room.store.facts.value
  return (
    <Dialog title={say('manageRoom')} closed={closed}>
      {SWITCHES.map(([type, name, about]) => (
        <Switch
          key={type}
          isOn={facts[RULE_OF[SWITCH_SET[type]]]}
          about={say(about)}
          turn={(on) => ask(page, room, { type, on })}
        >
          {say(name)}
        </Switch>
      ))}
      <Switch
        isOn={facts.collectingSince !== undefined}
        about={say('handInAbout')}
        turn={(on) => ask(page, room, { type: on ? 'startCollection' : 'endCollection' })}
      >
        {say('handInMode')}
      </Switch>
      <div class="choices">
        <button
          type="button"
          onClick={() => {
            openHandIns(page, room)
            closed()
          }}
        >
          {say('handIns')}
        </button>
      </div>
      <Password room={room} />
      <Invitations room={room} />
      <DropLinks room={room} />
      <Typed room={room} />
      {room.store.member.value.role === 'owner' && (
        <section>
          <div class="choices">
            <button
              type="button"
              class="grave"
              onClick={() => room.show({ type: 'remove', command: { type: 'clear' }, name: room.name })}
            >
              {say('removeAll')}
            </button>
          </div>
        </section>
      )}
    </Dialog>
  )
}

interface SwitchProps {
  readonly isOn: boolean
  readonly about: string
  readonly turn: (on: boolean) => void
  readonly children: ComponentChildren
}

export function Switch({ isOn, about, turn, children }: SwitchProps) {
  const [named, told] = [useId(), useId()]
  return (
    <label class="switch">
      <span>
        <b id={named}>{children}</b>
        <span id={told} class="fine">
          {about}
        </span>
      </span>
      <input
        type="checkbox"
        role="switch"
        aria-labelledby={named}
        aria-describedby={told}
        aria-checked={isOn}
        checked={isOn}
        onChange={({ currentTarget }) => {
          const wanted = currentTarget.checked
          // It shows what holds, and is turned by the room.
          currentTarget.checked = isOn
          turn(wanted)
        }}
      />
    </label>
  )
}

function Password({ room }: PartProps) {
  const words = useFullWords()
  const { say } = words
  const { hasPassword } = room.store.facts.value
  const isChanging = useSignal(false)
  const isShown = !hasPassword || isChanging.value
  return (
    <section>
      <h3>{say('roomPassword')}</h3>
      {hasPassword && (
        <div class="one-line">
          <span class="fine">{say('passwordIsOn')}</span>
          <button
            type="button"
            onClick={() => {
              isChanging.value = !isChanging.peek()
            }}
          >
            {say('change')}
          </button>
          <button
            type="button"
            class="grave"
            onClick={() => void requestAccess(words, room, { type: 'setPassword', password: undefined })}
          >
            {say('takePassword')}
          </button>
        </div>
      )}
      {isShown && (
        <form
          class="one-line"
          onSubmit={(event) => {
            event.preventDefault()
            const form = event.currentTarget
            const password = String(new FormData(form).get('password') ?? '').trim()
            if (password === '') return
            form.reset()
            isChanging.value = false
            void requestAccess(words, room, { type: 'setPassword', password })
          }}
        >
          <input name="password" aria-label={say('roomPassword')} required autocomplete="off" />
          <button type="submit">{say('setPassword')}</button>
        </form>
      )}
    </section>
  )
}

function Invitations({ room }: PartProps) {
  const { say, refusal } = useFullWords()
  const rows = useSignal<readonly KeptInvitation[]>([])
  const made = useSignal<Invitation | undefined>(undefined)
  const access = roomAccess(room.store.api, room.name)
  const refresh = async () => {
    const found = await access.invitations()
    if (!isRefusal(found)) rows.value = found
  }
  useEffect(() => void refresh(), [room])
  const invite = async () => {
    const answer = await access.invite()
    if (isRefusal(answer)) room.notices.add(refusal(answer), 'wrong')
    else made.value = answer
    await refresh()
  }
  const revoke = async (id: string) => {
    const why = await access.revoke(id)
    room.notices.add(why === undefined ? say('invitationOff') : refusal(why), why === undefined ? 'told' : 'wrong')
    if (made.peek()?.id === id) made.value = undefined
    await refresh()
  }
  return (
    <section>
      <h3>{say('invitations')}</h3>
      {made.value !== undefined && (
        <>
          <p class="fine" role="status">
            {say('invitationMade')}
          </p>
          <CopyLine text={roomLink(room.name, made.value.code)} />
        </>
      )}
      <ul>
        {rows.value.map(({ id, expiresAt, used }) => (
          <li key={id} class="one-line">
            <span>
              {say(used ? 'usedUntil' : 'unusedUntil')} <Time at={expiresAt} />
            </span>
            <button type="button" aria-label={`${say('cancelInvitation')}: ${id}`} onClick={() => void revoke(id)}>
              {say('cancelInvitation')}
            </button>
          </li>
        ))}
      </ul>
      <div class="choices">
        <button type="button" onClick={() => void invite()}>
          {say('inviteOne')}
        </button>
      </div>
    </section>
  )
}

/** Addresses by which anybody hands in files. */
function DropLinks({ room }: PartProps) {
  const { say, refusal } = useFullWords()
  const rows = useSignal<readonly DropLink[]>([])
  const access = roomAccess(room.store.api, room.name)
  const refresh = async () => {
    const found = await access.dropLinks()
    if (!isRefusal(found)) rows.value = found
  }
  useEffect(() => void refresh(), [room])
  const told = async (answer: DropLink | Refusal | undefined) => {
    if (answer === undefined) room.notices.add(say('dropLinkOff'))
    else if (isRefusal(answer)) room.notices.add(refusal(answer), 'wrong')
    await refresh()
  }
  return (
    <section>
      <h3>{say('dropLinks')}</h3>
      <p class="fine">{say('dropLinksAbout')}</p>
      <ul>
        {rows.value.map(({ id, path, expiresAt }) => (
          <li key={id}>
            <CopyLine text={location.origin + path} />
            <div class="one-line">
              <span class="fine">
                {say('goodUntil')} <Time at={expiresAt} text={new Date(expiresAt).toLocaleString()} />
              </span>
              <button
                type="button"
                aria-label={`${say('cancelInvitation')}: ${id}`}
                onClick={async () => await told(await access.revokeDropLink(id))}
              >
                {say('cancelInvitation')}
              </button>
            </div>
          </li>
        ))}
      </ul>
      <div class="choices">
        <button type="button" onClick={async () => await told(await access.addDropLink())}>
          {say('newDropLink')}
        </button>
      </div>
    </section>
  )
}

/** Rules that are typed: one field each, and how it stands. */
function Typed({ room }: PartProps) {
  const page = usePage()
  const words = useFullWords()
  const { say } = words
  const facts = room.store.facts.value
  return (
    <>
      {TYPED.map(({ word, usage, helpKey, type }) => (
        <section key={word}>
          <form
            onSubmit={(event) => {
              event.preventDefault()
              executeCommand(page, room, `/${word} ${new FormData(event.currentTarget).get(word)}`, undefined)
              event.currentTarget.reset()
            }}
          >
            <label>
              <b>{standing(type, facts, words)}</b>
              <span class="fine">{say(helpKey)}</span>
              <span class="one-line">
                <input name={word} required autocomplete="off" placeholder={usage.slice(word.length + 2)} />
                <button type="submit">{say('save')}</button>
              </span>
            </label>
          </form>
        </section>
      ))}
    </>
  )
}
