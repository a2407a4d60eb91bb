import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import { type Entry, isEntry } from '#domain/room/events.ts'
import { commonText } from '#i18n/render-event.ts'
import { ruleText } from '#i18n/render-rule.ts'
import type { FullPageTranslator } from '#i18n/translator.ts'
import { pageDefaults } from '../defaults.ts'
import { useFullWords } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { isFile, isRuleEvent } from '../timeline/rows.ts'
import { withoutRemoved } from '../timeline/timeline.ts'
import { Dialog } from './dialog.tsx'
import { Day, Name, Time } from './labels.tsx'

type Found =
  | { readonly status: 'nothing asked' | 'asking' }
  | { readonly status: 'failed'; readonly why: Refusal }
  | { readonly status: 'found'; readonly entries: readonly Entry[] }

interface SearchProps {
  readonly room: Room
  readonly query: string
  readonly closed: () => void
}

/** Looks for words and file names in the room. */
export function SearchDialog({ room, query, closed }: SearchProps) {
  const words = useFullWords()
  const { say } = words
  const wanted = useSignal(query)
  const found = useSignal<Found>({ status: 'nothing asked' })
  const search = async () => {
    const asked = wanted.peek().trim()
    if (asked === '') {
      found.value = { status: 'nothing asked' }
      return
    }
    found.value = { status: 'asking' }
    const entries = await room.history.search(asked, pageDefaults.searchHits)
    // More was typed meanwhile.
    if (asked !== wanted.peek().trim()) return
    found.value = isRefusal(entries)
      ? { status: 'failed', why: entries }
      : { status: 'found', entries: entries.filter(isEntry) }
  }
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => {
    void search()
    return () => clearTimeout(timer.current)
  }, [])
  const go = (entry: Entry) => {
    room.show(undefined)
    room.tab.value = 'talk'
    const key = isFile(entry) ? `f${entry.file.id}` : `e${entry.seq}`
    void room.timeline.around(entry.seq, { type: 'row', key })
  }
  const now = found.value
  const hits =
    now.status === 'found'
      ? withoutRemoved(now.entries, room.timeline.removals.value)
          .filter(isEntry)
          .filter(({ type }) => type !== 'erased')
          .toReversed()
      : []
  return (
    <Dialog title={say('search')} closed={closed}>
      <search>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            clearTimeout(timer.current)
            void search()
          }}
        >
          <input
            enterkeyhint="search"
            aria-label={say('searchFor')}
            placeholder={say('searchFor')}
            value={wanted}
            autofocus
            onInput={({ currentTarget }) => {
              wanted.value = currentTarget.value
              clearTimeout(timer.current)
              timer.current = setTimeout(() => void search(), pageDefaults.searchAfterMs)
            }}
          />
        </form>
      </search>
      <p class="why" role="status">
        {now.status === 'asking' && say('loading')}
        {now.status === 'failed' && words.refusal(now.why)}
        {now.status === 'found' && (hits.length === 0 ? say('nothingFound') : say('found', { count: hits.length }))}
      </p>
      {now.status === 'found' && (
        <ol class="hits">
          {hits.map((entry) => (
            <li key={entry.seq}>
              <button type="button" title={say('showThere')} onClick={() => go(entry)}>
                <span class="head">
                  <Name name={entry.by.name} />{' '}
                  <span class="when">
                    <Day at={entry.at} /> <Time at={entry.at} />
                  </span>
                </span>
                <span class="text" dir="auto">
                  {textOf(entry, words)}
                </span>
              </button>
            </li>
          ))}
        </ol>
      )}
    </Dialog>
  )
}

function textOf(entry: Entry, words: FullPageTranslator): string {
  switch (entry.type) {
    case 'said':
    case 'acted':
    case 'whispered':
      return forTerminal(entry.text)
    case 'fileOffered':
    case 'fileCompleted':
    case 'fileReceived':
    case 'fileServed':
    case 'fileWithdrawn':
      return forTerminal(entry.file.name)
    case 'messageRemoved':
      return commonText(entry, words)
    default:
      return isRuleEvent(entry) ? ruleText(entry, words) : commonText(entry, words)
  }
}
