import { forTerminal } from '#domain/names/text.ts'
import type { Member } from '#domain/room/events.ts'
import { commandsAt } from '#protocol/commands.ts'
import { useFullWords, usePage } from '../state/context.ts'
import { begunIn } from '../text/text.ts'
import { Face } from './labels.tsx'
import { More } from './load-more.tsx'

/** What may be meant by the word at the cursor: a command, or a person. */
export type Suggestion =
  | { readonly type: 'command'; readonly word: string; readonly usage: string }
  | { readonly type: 'person'; readonly name: string }

const MOST = 8

export function suggestionsFor(text: string, cursor: number, members: readonly Member[]): readonly Suggestion[] {
  const begun = begunIn(text, cursor)
  if (begun === undefined) return []
  const lower = begun.text.toLowerCase()
  if (begun.type === 'command')
    return commandsAt('page')
      .filter(({ word }) => word.startsWith(lower))
      .map(({ word, usage }) => ({ type: 'command', word, usage }))
  return members
    .filter(({ name }) => name.toLowerCase().startsWith(lower))
    .slice(0, MOST)
    .map(({ name }) => ({ type: 'person', name }))
}

/** The text with one of them in place of the begun word. */
export function taken(
  text: string,
  cursor: number,
  chosen: Suggestion,
): { readonly text: string; readonly cursor: number } {
  const begun = begunIn(text, cursor)
  const before = text.slice(0, cursor - (begun?.text.length ?? 0))
  const done = `${before}${chosen.type === 'command' ? chosen.word : chosen.name} `
  return { text: done + text.slice(cursor).trimStart(), cursor: done.length }
}

export const optionId = (at: number): string => `suggestion-${at}`

interface SuggestionsProps {
  readonly all: readonly Suggestion[]
  readonly chosen: number
  readonly take: (at: number) => void
}

/** The list above the message field; the keys stay with the field. */
export function Suggestions({ all, chosen, take }: SuggestionsProps) {
  const { say } = usePage().words.value
  return (
    <div id="suggestions" class="suggestions" role="listbox" aria-label={say('suggestions')}>
      {all.map((each, at) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field takes the keys
        // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field
        <div
          key={each.type === 'command' ? each.word : each.name}
          id={optionId(at)}
          role="option"
          aria-selected={at === chosen}
          ref={(item) => {
            if (at === chosen) item?.scrollIntoView({ block: 'nearest' })
          }}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => take(at)}
        >
          {each.type === 'command' ? (
            <>
              <code>{each.usage}</code>
              <More>{() => <CommandHelp word={each.word} />}</More>
            </>
          ) : (
            <>
              <Face name={each.name} />
              <bdi>{forTerminal(each.name)}</bdi>
            </>
          )}
        </div>
      ))}
    </div>
  )
}

function CommandHelp({ word }: { readonly word: string }) {
  const { say } = useFullWords()
  const row = commandsAt('page').find((each) => each.word === word)
  return row === undefined || row.word === 'help' ? null : <span class="fine">{say(row.helpKey)}</span>
}
