import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import { focusOn } from '../browser/platform.ts'
import { usePage } from '../state/context.ts'
import { asNick, type Stage, type Why } from '../state/page.ts'
import { LanguageSelect } from './labels.tsx'

/** Faults of the name itself: told below its field. */
const OF_NAME: ReadonlySet<string> = new Set(['BAD_NAME', 'NAME_TAKEN'])
const NEEDS = {
  link: 'needsLink',
  newLink: 'needsNewLink',
  password: 'needsPassword',
  otherPassword: 'wrongPassword',
} as const

/** The form before one is in a room: what was typed stays, whatever the answer. */
export function Arrival({ stage }: { readonly stage: Exclude<Stage, { status: 'inside' }> }) {
  const page = usePage()
  const words = page.words.value
  const { say } = words
  const { status, why } = stage
  const name = useSignal(page.name)
  const here = useSignal(0)
  const choosesRoom = useSignal(false)
  const submitted = useSignal(name.peek())
  const faults = useId()
  const room = page.roomName.value
  useEffect(() => {
    void page.around().then((rooms) => {
      here.value = rooms.find((each) => each.name === room)?.members ?? 0
    })
  }, [room])
  const isOfName = why !== undefined && OF_NAME.has(why.code)
  // Another name is another question.
  const isRefused = isOfName && name.value === submitted.value
  const wantsSecret = why?.code === 'NOT_FOUND' || why?.code === 'TRY_LATER'
  const nick = asNick(name.value)
  const submit = (event: Event) => {
    event.preventDefault()
    const said = new FormData(event.currentTarget as HTMLFormElement)
    submitted.value = name.peek()
    void page.join(name.peek(), String(said.get('room') ?? room), said.get('secret')?.toString())
  }
  const told = (each: Why) => {
    if (each.needs !== undefined) return say(NEEDS[each.needs])
    if (each.code === 'UNREACHABLE') return say('notReached')
    return each.code === 'BAD_NAME' && /script|letters/.test(each.message) ? say('nameRules') : words.refusal(each)
  }
  return (
    <main class="come-in">
      <form onSubmit={submit}>
        <p class="brand">tamtam</p>
        <h1>{say('joinRoom', { room })}</h1>
        <p class="fine">{here.value > 0 ? say('peopleHere', { count: here.value }) : say('pageLead')}</p>
        <label>
          {say('yourName')}
          <input
            name="name"
            value={name}
            autocomplete="nickname"
            spellcheck={false}
            required
            ref={focusOn}
            aria-invalid={isRefused}
            aria-describedby={faults}
            onInput={({ currentTarget }) => {
              name.value = currentTarget.value
            }}
          />
          <span id={faults} class={isRefused ? 'fine wrong' : 'fine'} role="status">
            {isRefused ? told(why) : nick !== name.value.trim() && say('youWillBe', { name: forTerminal(nick) })}
          </span>
        </label>
        {choosesRoom.value ? (
          <label>
            {say('room')}
            <input name="room" defaultValue={room} autocapitalize="none" spellcheck={false} ref={focusOn} />
          </label>
        ) : (
          <p class="room-line fine">
            {say('roomIs', { room })}
            <button
              type="button"
              class="quiet"
              onClick={() => {
                choosesRoom.value = true
              }}
            >
              {say('change')}
            </button>
          </p>
        )}
        {wantsSecret && (
          <label>
            {say('secret')}
            <input name="secret" type="password" autocomplete="off" />
          </label>
        )}
        <button type="submit" class="primary">
          {say('comeIn')}
        </button>
        <p class={why === undefined ? 'why' : 'why wrong'} role="status">
          {status === 'entering' && why === undefined && say('comingIn')}
          {why !== undefined && !isOfName && told(why)}
        </p>
        <div class="foot">
          <LanguageSelect label={say('language')} />
        </div>
      </form>
    </main>
  )
}
