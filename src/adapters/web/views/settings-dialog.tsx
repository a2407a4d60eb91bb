import { useSignal } from '@preact/signals'
import { useFullWords, usePage } from '../state/context.ts'
import { executeCommand } from '../state/execute-command.ts'
import { themes } from '../state/page.ts'
import type { Room } from '../state/room.ts'
import { Dialog } from './dialog.tsx'
import { LanguageSelect } from './labels.tsx'
import { Switch } from './manage-room.tsx'

/** The person's settings and nick. */
export function SettingsDialog({ room, closed }: { readonly room: Room; readonly closed: () => void }) {
  const page = usePage()
  const { say } = useFullWords()
  const name = useSignal(room.store.member.peek().name)
  return (
    <Dialog title={say('settings')} closed={closed}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (name.peek() !== room.store.member.peek().name)
            executeCommand(page, room, `/nick ${name.peek()}`, undefined)
          room.show(undefined)
        }}
      >
        <label>
          {say('yourName')}
          <input
            value={name}
            autocomplete="nickname"
            onInput={({ currentTarget }) => {
              name.value = currentTarget.value
            }}
          />
        </label>
        <label>
          {say('appearance')}
          <select
            value={page.theme.value}
            onChange={({ currentTarget }) =>
              page.dress(themes.find((each) => each === currentTarget.value) ?? 'system')
            }
          >
            <option value="system">{say('asSystem')}</option>
            <option value="light">{say('light')}</option>
            <option value="dark">{say('dark')}</option>
          </select>
        </label>
        <label for="language">
          {say('language')}
          <LanguageSelect id="language" />
        </label>
        {page.notifications.possible && (
          <Switch
            isOn={page.notifications.wanted.value}
            about={say('notifyAbout')}
            turn={(on) => void page.notifications.want(on)}
          >
            {say('notify')}
          </Switch>
        )}
        <div class="choices">
          <button type="submit" class="primary">
            {say('save')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
