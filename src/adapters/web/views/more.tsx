import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { forTerminal } from '#domain/names/text.ts'
import type { Removal } from '#domain/room/commands.ts'
import { expiryOf } from '#domain/room/expiry.ts'
import { leftText, spanText } from '#i18n/format.ts'
import { type RuleEvent, rulesText, ruleText, secondsRuleText } from '#i18n/render-rule.ts'
import { commandsAt } from '#protocol/commands.ts'
import { pageDefaults } from '../defaults.ts'
import { textFile } from '../files/chosen.ts'
import type { FileProps } from '../files/file-parts.tsx'
import { ask } from '../state/ask.ts'
import { useFullWords, usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { Dialog } from './dialog.tsx'
import { Rule, Time } from './labels.tsx'

// The page loads this when some of it is first used (`More`), with the messages of `i18n/more.*.ts`.

export { FileActions, FileLinkDialog, ReceiversDialog } from '../files/file-actions.tsx'
export { FilePreview, FirstWords, FolderList, Picture, Poster } from '../files/file-preview.tsx'
export { FilesPanel } from '../files/files-panel.tsx'
export { TransferBar } from '../files/transfer-bar.tsx'
export { ManageRoom } from './manage-room.tsx'
export { PersonActions } from './person-actions.tsx'
export { SearchDialog } from './search-dialog.tsx'
export { SettingsDialog } from './settings-dialog.tsx'
export { ShareCard, ShareSheet } from './share-sheet.tsx'

/** Somebody has changed a rule of the room, or who looks after it. */
export const RuleText = ({ event }: { readonly event: RuleEvent }) => <>{ruleText(event, useFullWords())}</>

/** The rules that hold here, in the head of the room. */
export function RuleLabels({ room }: { readonly room: Room }) {
  const words = useFullWords()
  return (
    <>
      {rulesText(room.store.facts.value, words).map((rule) => (
        <Rule key={rule} text={rule} />
      ))}
    </>
  )
}

/** Ctrl-K: the rooms, by what is typed; Enter goes to the first of them, or makes one. */
export function RoomSwitcher({ room, closed }: { readonly room: Room; readonly closed: () => void }) {
  const page = usePage()
  const { say } = useFullWords()
  const wanted = useSignal('')
  const names = [...new Set([...page.rooms.rows.value.map(({ name }) => name), room.name])].filter((name) =>
    name.includes(wanted.value.trim().toLowerCase()),
  )
  const go = (name: string) => {
    closed()
    if (name !== room.name && name !== '') page.go(name)
  }
  return (
    <Dialog title={say('goToRoom')} closed={closed}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          go(names[0] ?? wanted.peek().trim())
        }}
      >
        <input
          aria-label={say('roomName')}
          placeholder={say('roomName')}
          autocapitalize="none"
          autocomplete="off"
          autofocus
          onInput={({ currentTarget }) => {
            wanted.value = currentTarget.value
          }}
        />
      </form>
      <ul class="switcher">
        {names.map((name) => (
          <li key={name}>
            <button type="button" class="item" onClick={() => go(name)}>
              # {forTerminal(name)}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

/** How to type what there is. */
export function HelpDialog({ closed }: { readonly closed: () => void }) {
  const { say } = useFullWords()
  return (
    <Dialog title={say('help')} closed={closed}>
      <p>{say('helpSay')}</p>
      <dl class="words">
        {commandsAt('page').map(
          ({ word, usage, helpKey }) =>
            word !== 'help' && (
              <div key={word}>
                <dt>
                  <code>{usage}</code>
                </dt>
                <dd>{say(helpKey)}</dd>
              </div>
            ),
        )}
      </dl>
    </Dialog>
  )
}

/** Asks once more before something is removed. */
export function RemoveDialog({ room, command, name, closed }: RemoveProps) {
  const page = usePage()
  const { say } = useFullWords()
  const question = {
    removeMessage: () => say('removeMessage'),
    removeFile: () => say('removeFile', { file: name }),
    clear: () => say('removeAllAsk', { room: name }),
  }[command.type]
  return (
    <Dialog title={say(command.type === 'clear' ? 'removeAll' : 'remove')} closed={closed}>
      <p>{question()}</p>
      <div class="choices">
        <button type="button" autofocus onClick={closed}>
          {say('cancel')}
        </button>
        <button
          type="button"
          class="grave"
          onClick={() => {
            ask(page, room, command)
            closed()
          }}
        >
          {say('remove')}
        </button>
      </div>
    </Dialog>
  )
}

interface RemoveProps {
  readonly room: Room
  readonly command: Removal
  readonly name: string
  readonly closed: () => void
}

/** How long files stay that are sent from now on. */
export function ExpiryDialog({ room, closed }: { readonly room: Room; readonly closed: () => void }) {
  const { transfers } = usePage()
  const words = useFullWords()
  const { say, language } = words
  const chosen = transfers.expiresInSeconds.value
  const { expirySeconds } = room.store.facts.value
  return (
    <Dialog title={say('fileStay')} closed={closed}>
      <fieldset class="spans">
        <legend>{say('stayAsk')}</legend>
        {[undefined, ...pageDefaults.expirySeconds].map((seconds) => (
          <label key={seconds}>
            <input
              type="radio"
              name="expiry"
              autofocus={seconds === chosen}
              checked={seconds === chosen}
              onChange={() => transfers.expireIn(seconds)}
            />
            {seconds === undefined ? say('stays') : say('goAfter', { time: spanText(seconds, language) })}
          </label>
        ))}
      </fieldset>
      {expirySeconds > 0 && <p class="fine">{secondsRuleText('expirySeconds', expirySeconds, words)}</p>}
    </Dialog>
  )
}

const MINUTE_MS = 60_000

/** `gone in 54 min`, by the minute; the exact time is its title. */
export function Expiry({ room, file }: FileProps) {
  const { say, language } = useFullWords()
  const now = useSignal(Date.now())
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now()
    }, MINUTE_MS)
    return () => clearInterval(timer)
  }, [])
  const { at = now.value } = room.files.of(file.id).value ?? {}
  const goneAt = expiryOf(room.store.facts.value, file, at)
  return <Time at={goneAt} text={say('goneIn', { time: leftText(goneAt - now.value, language) })} />
}

/** For text that is too long to be said: it becomes a file. */
export function TextDialog({ room, text }: { readonly room: Room; readonly text: string }) {
  const { say } = useFullWords()
  const { transfers } = usePage()
  const close = () => {
    transfers.draft.value = undefined
  }
  const submit = (event: Event) => {
    event.preventDefault()
    const said = new FormData(event.currentTarget as HTMLFormElement)
    const [written, name] = [String(said.get('text') ?? ''), String(said.get('name') ?? '').trim()]
    if (written !== '') transfers.send(room, [textFile(written, name === '' ? say('nameOfText') : name)])
    close()
  }
  return (
    <Dialog title={say('sendText')} closed={close}>
      <form class="text-file" onSubmit={submit}>
        <label>
          {say('textOfFile')}
          <textarea name="text" rows={12} autofocus defaultValue={text} />
        </label>
        <label>
          {say('nameOfFile')}
          <input name="name" autocomplete="off" spellcheck={false} placeholder={`${say('nameOfText')}.txt`} />
        </label>
        <button type="submit" class="primary">
          {say('send')}
        </button>
      </form>
    </Dialog>
  )
}
