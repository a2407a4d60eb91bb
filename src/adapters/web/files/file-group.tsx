import { useSignal } from '@preact/signals'
import { sizeText } from '#i18n/format.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import type { FileEntry } from '../timeline/rows.ts'
import { More } from '../views/load-more.tsx'
import { FileCard } from './file-card.tsx'
import { kindOf, saveArchive } from './file-links.ts'

interface GroupProps {
  readonly room: Room
  readonly entries: readonly FileEntry[]
}

/** Files that one person sent in a row: how many, all of them as one archive, and of many only the first ones until somebody wants the rest. */
export function FileGroup({ room, entries }: GroupProps) {
  const { words } = usePage()
  const { say, language } = words.value
  const showsAll = useSignal(false)
  const pictures = entries.filter(isPicture)
  const isGrid = pictures.length > 1
  const cards = isGrid ? entries.filter((entry) => !isPicture(entry)) : entries
  const [most, mostPictures] =
    showsAll.value || entries.length <= pageDefaults.allShown
      ? [cards.length, pictures.length]
      : [pageDefaults.firstShown, pageDefaults.firstShown]
  const left = Math.max(0, cards.length - most) + (isGrid ? Math.max(0, pictures.length - mostPictures) : 0)
  const here = entries.filter(({ type }) => type !== 'fileWithdrawn')
  const whole = here.filter(({ type }) => type === 'fileCompleted')
  const bytes = here.reduce((sum, { file }) => sum + (file.folder?.bytes ?? file.size ?? 0), 0)
  const ids = whole.map(({ file }) => file.id)
  return (
    <div class="files">
      {here.length > 1 && (
        <div class="fine">
          <span>{say('filesOf', { count: here.length, size: sizeText(bytes, language) })}</span>
          {whole.length > 1 && (
            <button type="button" class="quiet" onClick={() => void saveArchive(room, ids, words.value)}>
              {say('saveAll')}
            </button>
          )}
        </div>
      )}
      {isGrid && (
        <div class="pictures">
          <More>
            {({ Picture }) => (
              <>
                {pictures.slice(0, mostPictures).map(({ file }) => (
                  <Picture key={file.id} room={room} file={file} />
                ))}
              </>
            )}
          </More>
        </div>
      )}
      {cards.slice(0, most).map((entry) => (
        <FileCard key={entry.file.id} room={room} entry={entry} />
      ))}
      {left > 0 && (
        <button
          type="button"
          onClick={() => {
            showsAll.value = true
          }}
        >
          {say('showAll', { count: here.length })}
        </button>
      )}
    </div>
  )
}

const isPicture = ({ type, file }: FileEntry): boolean =>
  type === 'fileCompleted' && kindOf(file.name) === 'picture' && (file.size ?? 0) <= pageDefaults.pictureBytes
