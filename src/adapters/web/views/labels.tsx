import { forTerminal } from '#domain/names/text.ts'
import { type Language, languages } from '#i18n/translator.ts'
import { usePage, useSay } from '../state/context.ts'

interface NameProps {
  readonly name: string
}

/** `dir` keeps a right-to-left name from turning around its neighbours. */
export const Name = ({ name }: NameProps) => <bdi class={`name hue-${usePage().hueOf(name)}`}>{forTerminal(name)}</bdi>

/** The first letter, in the colour of the name. */
export const Face = ({ name }: NameProps) => (
  <span class={`face hue-${usePage().hueOf(name)}`} aria-hidden="true">
    {forTerminal([...name][0] ?? '?').slice(0, 2)}
  </span>
)

const DAY_MS = 86_400_000
/** As people here write them; made once, because making one takes longer than using it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>()

function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options)
  const found = formats.get(key) ?? new Intl.DateTimeFormat(language === 'id' ? 'id' : [], options)
  formats.set(key, found)
  return found
}

interface MomentProps {
  readonly at: number
  /** The time of day unless given. */
  readonly text?: string
}

export function Time({ at, text }: MomentProps) {
  const language = usePage().language.value
  const time = new Date(at)
  return (
    <time
      dateTime={time.toISOString()}
      title={format(language, { dateStyle: 'full', timeStyle: 'medium' }).format(time)}
    >
      {text ?? format(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(time)}
    </time>
  )
}

export function Day({ at }: { readonly at: number }) {
  const say = useSay()
  const language = usePage().language.value
  const day = new Date(at).toDateString()
  const now = Date.now()
  if (day === new Date(now).toDateString()) return <>{say('today')}</>
  if (day === new Date(now - DAY_MS).toDateString()) return <>{say('yesterday')}</>
  return <>{format(language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(at)}</>
}

const LANGUAGE_NAMES = { en: 'English', id: 'Bahasa Indonesia' } as const

/** A rule that holds in the room. */
export const Rule = ({ text }: { readonly text: string }) => (
  <span class="rule" title={text}>
    {text}
  </span>
)

/** The language of the page, chosen by its own name. */
export function LanguageSelect({ label, id }: { readonly label?: string; readonly id?: string }) {
  const page = usePage()
  return (
    <select
      id={id}
      aria-label={label}
      value={page.language.value}
      onChange={({ currentTarget }) => void page.speak(currentTarget.value as Language)}
    >
      {languages.map((language) => (
        <option key={language} value={language}>
          {LANGUAGE_NAMES[language]}
        </option>
      ))}
    </select>
  )
}
