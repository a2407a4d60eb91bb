import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { listFiles, listHandIns, roomAccess } from '#client/queries.ts'
import { collisionKey } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { DropLink } from '#domain/room/room-access.ts'
import { sizeText } from '#i18n/format.ts'
import type { Language } from '#i18n/translator.ts'
import type { FileRow, HandInList } from '#protocol/schema.ts'
import { PageApi } from '../browser/http.ts'
import { BrowserStorage, roomFragment } from '../browser/platform.ts'
import { handInsLink, openLink, saveFrom } from '../files/file-links.ts'
import { wordsOf } from './words.ts'

const language: Language = /^(?:id|in)\b/i.test(navigator.language) ? 'id' : 'en'
const say = wordsOf(language)
const EVERY_MS = 3000

/** What the host answers at the moment: all of it to operators, to others their own. */
type Seen =
  | { readonly type: 'all'; readonly list: HandInList; readonly links: readonly DropLink[] }
  | { readonly type: 'own'; readonly files: readonly FileRow[] }
  | { readonly type: 'refused'; readonly why: Refusal }

/** The API as the member of this browser, who is in the room in another tab. */
function apiIn(kept: BrowserStorage): PageApi {
  const [token] = kept.get('tokens')?.split('\n') ?? []
  return new PageApi({ key: kept.get('key') ?? '', token })
}

async function look(api: PageApi, room: string): Promise<Seen> {
  const list = await listHandIns(api, room)
  if (!isRefusal(list)) {
    const links = await roomAccess(api, room).dropLinks()
    return { type: 'all', list, links: isRefusal(links) ? [] : links }
  }
  if (list.code !== 'NOT_ALLOWED') return { type: 'refused', why: list }
  const files = await listFiles(api, room)
  if (isRefusal(files)) return { type: 'refused', why: files }
  return { type: 'own', files: files.filter(({ audience }) => audience?.to === 'staff') }
}

/** Who has handed in what to a room, for its operators; for others what of theirs has arrived, and who has received it. */
export function HandInsPage({ room }: { readonly room: string }) {
  const api = useMemo(() => apiIn(new BrowserStorage(() => localStorage)), [])
  const seen = useSignal<Seen | undefined>(undefined)
  useEffect(() => {
    document.title = `${say.title}: ${forTerminal(room)}`
    document.documentElement.lang = language
    let timer: ReturnType<typeof setTimeout> | undefined
    const again = async () => {
      seen.value = await look(api, room)
      timer = setTimeout(again, EVERY_MS)
    }
    void again()
    return () => clearTimeout(timer)
  }, [api, room, seen])
  const now = seen.value
  return (
    <main>
      <h1>
        {say.title}: <bdi>{forTerminal(room)}</bdi>
      </h1>
      {now?.type === 'all' && <Table api={api} list={now.list} />}
      {now?.type === 'all' && <DropLinks api={api} room={room} links={now.links} />}
      {now?.type === 'own' && <Own files={now.files} />}
      {now?.type === 'refused' && <p role="status">{now.why.code === 'UNREACHABLE' ? say.unreachable : say.open}</p>}
      <p>
        <a href={`./${roomFragment(room)}`}>{say.toRoom}</a>
      </p>
    </main>
  )
}

const timeText = (at: number): string =>
  new Date(at).toLocaleString(language, { dateStyle: 'short', timeStyle: 'short' })

function Table({ api, list }: { readonly api: PageApi; readonly list: HandInList }) {
  const { people, knownSince, room } = list
  const isDone = ({ files }: HandInList['people'][number]) => files.some(({ status }) => status === 'whole')
  const missing = people.filter((person) => !isDone(person))
  const failed = useSignal('')
  const saveAll = async () => {
    const link = await handInsLink(api, room)
    failed.value = isRefusal(link) ? link.message : ''
    if (!isRefusal(link)) saveFrom(link.url, `${room}-hand-ins.zip`)
  }
  if (people.length === 0) return <p role="status">{say.nobody}</p>
  return (
    <>
      <p role="status">
        {people.length - missing.length} {say.of} {people.length} {say.handedIn}.{' '}
        {missing.length === 0
          ? say.everybody
          : `${say.notYet}: ${missing.map(({ name }) => forTerminal(name)).join(', ')}.`}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">{say.person}</th>
            <th scope="col">{say.files}</th>
            <th scope="col">{say.last}</th>
          </tr>
        </thead>
        <tbody>
          {people.map((person) => (
            <tr key={person.id ?? `name ${person.name}`}>
              <th scope="row">
                <bdi>{forTerminal(person.name)}</bdi> {person.isHere && <span class="fine">{say.here}</span>}
              </th>
              <td>{person.files.length === 0 ? say.nothing : <Files api={api} files={person.files} />}</td>
              <td>{isDone(person) ? timeText(Math.max(...person.files.map(({ at }) => at))) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="fine">
        {say.since} {timeText(knownSince)}.
      </p>
      {missing.length < people.length && (
        <p>
          <button type="button" class="primary" onClick={() => void saveAll()}>
            {say.saveAll}
          </button>{' '}
          <span role="alert">{failed.value}</span>
        </p>
      )}
      <p>
        {say.command}{' '}
        <code>{`tamtam get ${new URL(encodeURIComponent(room), location.href).href.replace('//', '//NAME@')} --collected DIR`}</code>
      </p>
    </>
  )
}

/** Newest first; of one name, all but the newest are earlier versions. */
function Files({ api, files }: { readonly api: PageApi; readonly files: readonly FileRow[] }) {
  const names = new Set<string>()
  const save = async (file: FileRow) => {
    const link = await openLink(api, file.id)
    if (!isRefusal(link)) saveFrom(link.url, file.name)
  }
  return (
    <ul>
      {files.toReversed().map((file) => {
        const isEarlier = names.has(collisionKey(file.name))
        names.add(collisionKey(file.name))
        return (
          <li key={file.id}>
            {file.status === 'whole' ? (
              <button
                type="button"
                class="quiet"
                aria-label={`${say.save}: ${file.name}`}
                onClick={() => void save(file)}
              >
                <bdi>{forTerminal(file.name)}</bdi>
              </button>
            ) : (
              <bdi>{forTerminal(file.name)}</bdi>
            )}{' '}
            <span class="fine">
              {file.status === 'whole' ? sizeText(file.size ?? 0, language) : say.onItsWay}
              {isEarlier && `, ${say.earlier}, ${timeText(file.at)}`}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

interface DropLinksProps {
  readonly api: PageApi
  readonly room: string
  readonly links: readonly DropLink[]
}

function DropLinks({ api, room, links }: DropLinksProps) {
  const made = useSignal<readonly DropLink[]>([])
  const gone = useSignal<ReadonlySet<string>>(new Set())
  const access = roomAccess(api, room)
  const add = async () => {
    const link = await access.addDropLink()
    if (!isRefusal(link)) made.value = [...made.peek(), link]
  }
  const revoke = async (id: string) => {
    const why = await access.revokeDropLink(id)
    if (why === undefined) gone.value = new Set([...gone.peek(), id])
  }
  const known = new Map([...links, ...made.value].map((link) => [link.id, link]))
  return (
    <section>
      <h2>{say.dropLinks}</h2>
      <p>{say.dropLead}</p>
      <ul>
        {Array.from(known.values(), ({ id, path, expiresAt }) =>
          gone.value.has(id) ? null : (
            <li key={id}>
              <a href={path}>{`${location.origin}${path}`}</a>{' '}
              <span class="fine">
                {say.until} {timeText(expiresAt)}
              </span>{' '}
              <button type="button" aria-label={`${say.revoke}: ${id}`} onClick={() => void revoke(id)}>
                {say.revoke}
              </button>
            </li>
          ),
        )}
      </ul>
      <button type="button" onClick={() => void add()}>
        {say.newLink}
      </button>
    </section>
  )
}

function Own({ files }: { readonly files: readonly FileRow[] }) {
  if (files.length === 0) return <p role="status">{say.none}</p>
  return (
    <table>
      <caption>{say.yours}</caption>
      <thead>
        <tr>
          <th scope="col">{say.files}</th>
          <th scope="col">{say.last}</th>
          <th scope="col">{say.received}</th>
        </tr>
      </thead>
      <tbody>
        {files.map(({ id, name, status, size = 0, at, receipts = [] }) => (
          <tr key={id}>
            <th scope="row" dir="auto">
              {forTerminal(name)}
            </th>
            <td>{status === 'whole' ? `${sizeText(size, language)}, ${timeText(at)}` : say.onItsWay}</td>
            <td>
              {receipts.length === 0
                ? say.notReceived
                : receipts.map((each) => `${forTerminal(each.name)} (${timeText(each.at)})`).join(', ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
