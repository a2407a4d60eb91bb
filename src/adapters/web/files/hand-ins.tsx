import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { listHandIns } from '#client/queries.ts'
import { collisionKey } from '#domain/names/file-name.ts'
import { forTerminal } from '#domain/names/text.ts'
import { fileSizeText } from '#i18n/format.ts'
import type { FileRow, HandInList } from '#protocol/schema.ts'
import { home } from '../browser/platform.ts'
import { pageDefaults } from '../defaults.ts'
import { useFullWords } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { CopyLine } from '../views/share-sheet.tsx'
import { handInsLink, saveFile, saveFrom } from './file-links.ts'
import { receiversOf } from './file-parts.tsx'
import type { FileState } from './room-files.ts'

/** At the head of the list of files: who has handed in what, for moderators; for others what of theirs has come, and who has it. */
export function HandIns({ room }: { readonly room: Room }) {
  const handed = room.files.all().filter(({ file }) => file.audience?.to === 'staff')
  const { member, facts } = room.store
  const isCollecting = facts.value.collectingSince !== undefined
  const isWanted = room.showsHandIns.value
  if (member.value.role !== undefined)
    return handed.length > 0 || isCollecting || isWanted ? (
      <Section isOpen={isCollecting || isWanted}>
        <All room={room} handed={handed} />
      </Section>
    ) : null
  return handed.length > 0 || isWanted ? (
    <Section isOpen>
      <Own room={room} handed={handed} />
    </Section>
  ) : null
}

function Section({ isOpen, children }: { readonly isOpen: boolean; readonly children: ComponentChildren }) {
  const { say } = useFullWords()
  return (
    <details class="members hand-ins" open={isOpen}>
      <summary>{say('handIns')}</summary>
      {children}
    </details>
  )
}

interface HandedProps {
  readonly room: Room
  readonly handed: readonly FileState[]
}

/** The host's list: it knows who was here and has left. Read again when something in it has changed. */
function useHandIns({ room, handed }: HandedProps): HandInList | Refusal | undefined {
  const list = useSignal<HandInList | Refusal | undefined>(undefined)
  const changes = [
    ...handed.map(({ file, status }) => `${file.id} ${status}`),
    ...room.store.members.value.map(({ id, name, role }) => `${id} ${name} ${role}`),
    room.store.facts.value.collectingSince,
  ].join('\n')
  useEffect(() => {
    const timer = setTimeout(async () => {
      list.value = await listHandIns(room.store.api, room.name)
    }, pageDefaults.handInsAfterMs)
    return () => clearTimeout(timer)
  }, [changes])
  return list.value
}

function All({ room, handed }: HandedProps) {
  const { say, refusal, language } = useFullWords()
  const list = useHandIns({ room, handed })
  if (list === undefined) return <p class="fine">{say('loading')}</p>
  if (isRefusal(list)) return <p class="wrong">{refusal(list)}</p>
  const { people, knownSince } = list
  if (people.length === 0) return <p class="fine">{say('nobodyCame')}</p>
  const missing = people.filter(({ files }) => !files.some(({ status }) => status === 'whole'))
  const saveAll = async () => {
    const link = await handInsLink(room.store.api, room.name)
    if (isRefusal(link)) room.notices.add(refusal(link), 'wrong')
    else saveFrom(link.url, `${room.name}-hand-ins.zip`)
  }
  const names = missing.map(({ name }) => name).join(', ')
  return (
    <>
      <p role="status">
        {say('handedIn', { count: people.length - missing.length, of: people.length })}{' '}
        {missing.length === 0 ? say('fromAll') : say('notFrom', { names })}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">{say('person')}</th>
            <th scope="col">{say('files')}</th>
          </tr>
        </thead>
        <tbody>
          {people.map(({ id, name, isHere, files }) => (
            <tr key={id ?? `name ${name}`}>
              <th scope="row">
                <bdi>{forTerminal(name)}</bdi> {isHere && <span class="fine">{say('isHere')}</span>}
              </th>
              <td>{files.length === 0 ? say('nothingYet') : <Versions room={room} files={files} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {missing.length < people.length && (
        <>
          <button type="button" onClick={() => void saveAll()}>
            {say('saveHandIns')}
          </button>
          <p class="fine">{say('fromCommand')}</p>
          <CopyLine
            text={`tamtam get ${home().replace('//', '//NAME@')}${encodeURIComponent(room.name)} --collected DIR`}
          />
        </>
      )}
      <p class="fine">{say('knownSince', { time: timeText(knownSince, language) })}</p>
    </>
  )
}

/** Newest first; of one name, all but the newest are earlier versions. */
function Versions({ room, files }: { readonly room: Room; readonly files: readonly FileRow[] }) {
  const words = useFullWords()
  const { say, language } = words
  const names = new Set<string>()
  return (
    <ul>
      {files.toReversed().map((file) => {
        const isEarlier = names.has(collisionKey(file.name))
        names.add(collisionKey(file.name))
        const [isWhole, time] = [file.status === 'whole', timeText(file.at, language)]
        return (
          <li key={file.id}>
            {isWhole ? (
              <button type="button" class="quiet" onClick={() => void saveFile(room, file, words)}>
                <span class="unseen">{say('download')}: </span>
                <bdi>{forTerminal(file.name)}</bdi>
              </button>
            ) : (
              <bdi>{forTerminal(file.name)}</bdi>
            )}{' '}
            <span class="fine">
              {isWhole ? fileSizeText({ ...file, size: file.size ?? 0 }, words) : say('arriving')},{' '}
              {isEarlier ? say('earlier', { time }) : time}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function Own({ room, handed }: HandedProps) {
  const { say, language } = useFullWords()
  if (handed.length === 0) return <p class="fine">{say('nothingYet')}</p>
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{say('files')}</th>
          <th scope="col">{say('receivedBy')}</th>
        </tr>
      </thead>
      <tbody>
        {handed.map(({ file, by, at, status }) => {
          const { have, away } = receiversOf(room, file, by)
          return (
            <tr key={file.id}>
              <th scope="row">
                <bdi>{forTerminal(file.name)}</bdi>{' '}
                <span class="fine">{status === 'whole' ? timeText(at, language) : say('arriving')}</span>
              </th>
              <td>{[...have, ...away].map(forTerminal).join(', ') || say('nobodyYet')}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

const timeText = (at: number, language: string): string =>
  new Date(at).toLocaleString(language, { dateStyle: 'short', timeStyle: 'short' })
