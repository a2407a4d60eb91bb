/** The groups of help in their order, each with its words. Beside the table, since the page does without. */
const GROUPS = [
  { nameKey: 'groupTalk', words: ['nick', 'msg', 'me', 'away', 'back', 'topic', 'history', 'search'] },
  { nameKey: 'groupFiles', words: ['send', 'put', 'get', 'link', 'files', 'remove', 'collect', 'drop-link', 'expire'] },
  {
    nameKey: 'groupPeople',
    words: ['who', 'ignore', 'kick', 'mute', 'unmute', 'ban', 'unban', 'op', 'deop', 'voice', 'unvoice'],
  },
  {
    nameKey: 'groupRoom',
    words: ['join', 'part', 'lock', 'unlock', 'password', 'invite', 'slow', 'announce', 'hide', 'full', 'clear'],
  },
] as const

/** Where words are that stand in none of those. */
const REST = 'groupTerminal'

type NameKey = (typeof GROUPS)[number]['nameKey'] | typeof REST

export interface HelpGroup<Row> {
  readonly nameKey: NameKey
  readonly rows: readonly Row[]
}

interface HelpRow {
  readonly word: string
}

/** Rows of the command table by groups; none is empty. */
export function helpGroups<Row extends HelpRow>(rows: readonly Row[]): readonly HelpGroup<Row>[] {
  const keyOf = ({ word }: Row): NameKey =>
    GROUPS.find(({ words }) => (words as readonly string[]).includes(word))?.nameKey ?? REST
  const keys: readonly NameKey[] = [...GROUPS.map(({ nameKey }) => nameKey), REST]
  return keys
    .map((nameKey) => ({ nameKey, rows: rows.filter((row) => keyOf(row) === nameKey) }))
    .filter((group) => group.rows.length > 0)
}

/** The rows that somebody means who types `/help about`: of one group, or of one word; undefined where it is neither. */
export function helpAbout<Row extends HelpRow>(
  groups: readonly HelpGroup<Row>[],
  about: string,
  nameOf: (key: NameKey) => string,
): readonly Row[] | undefined {
  const asked = about.toLowerCase().replace(/^\//, '')
  const group = groups.find(({ nameKey }) => asked === nameOf(nameKey) || `group${asked}` === nameKey.toLowerCase())
  const rows = group?.rows ?? groups.flatMap((each) => each.rows.filter(({ word }) => word === asked))
  return rows.length === 0 ? undefined : rows
}
