import { createHash } from 'node:crypto'
import { forTerminal } from '#domain/names/text.ts'
import { FileMissing, FileStoreFailed } from '#domain/ports/file-store.ts'
import { DirectoryInUse } from '#domain/ports/journal.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { sizeText } from '#i18n/size.ts'
import { lockDirectory } from '#storage/disk/directory-lock.ts'
import { DiskFileStore } from '#storage/disk/file-store.ts'
import { type Inspection, inspectJournal } from '#storage/sqlite/inspect.ts'
import { quarantinesIn } from '#storage/sqlite/journal-files.ts'
import { SystemClock } from '#system/clock.ts'
import { SilentLog } from '#system/log.ts'
import { counted } from '../verb.ts'
import { bad, type Finding, ok, warning } from './finding.ts'

const DAY_MS = 86_400_000

/** Looks through a data directory that a host has made; `deep` reads every file. Repairs nothing. */
export async function store(directory: string, deep: boolean): Promise<readonly Finding[]> {
  try {
    const lock = await lockDirectory(directory, true)
    try {
      const found = inspectJournal(directory)
      return [...setAside(directory), ...journal(found), ...(await files(directory, found.files, deep))]
    } finally {
      await lock.release()
    }
  } catch (error) {
    if (error instanceof DirectoryInUse)
      return [
        warning(
          'store',
          `in use${error.pid === undefined ? '' : ` by tamtam pid ${error.pid}`}`,
          'stop it to have the store looked through',
        ),
      ]
    return [
      bad(
        'store',
        `can't be read: ${forTerminal(String(error))}`,
        'the next start sets what is damaged aside; keep a copy',
      ),
    ]
  }
}

/** What starts set aside, until somebody takes it away. */
function setAside(directory: string): Finding[] {
  const names = quarantinesIn(directory)
  if (names.length === 0) return []
  const what = `the journal was damaged, and what could not be read of it lies in ${forTerminal(`${directory}/${names.join(', ')}`)}`
  return [warning('store', what, 'keep it until you know what was lost, then remove it')]
}

function journal({ rooms, entries, damagedRows, missing, damage, newestAt }: Inspection): Finding[] {
  const what = `${counted(entries, 'entry', 'entries')} of ${counted(rooms, 'room')}`
  if (damage !== undefined)
    return [bad('store', damage, 'the next start saves what verifies and sets the rest aside; keep a copy')]
  const missed = `${counted(missing, 'entry is', 'entries are')} missing`
  if (damagedRows > 0)
    return [
      bad(
        'store',
        `${what}; ${counted(damagedRows, 'stored batch fails its', 'stored batches fail their')} checksum, ${missed}`,
        'the next start saves the others; import a bundle of another host',
      ),
    ]
  if (missing > 0) return [warning('store', `${what}, and ${missed} in between`, 'import a bundle of another host')]
  if (newestAt !== undefined && newestAt > Date.now() + DAY_MS)
    return [ok('store', what), bad('clock', 'the newest entry is of the future', 'set the clock of this machine')]
  return [ok('store', what)]
}

async function files(
  directory: string,
  known: ReadonlyMap<string, WholeFile>,
  deep: boolean,
): Promise<readonly Finding[]> {
  const fileStore = new DiskFileStore({ directory, log: new SilentLog(), clock: new SystemClock() })
  await fileStore.open()
  try {
    const wrong: WholeFile[] = []
    let bytes = 0
    for (const file of known.values()) {
      bytes += file.size
      if (!(await isAsKept(fileStore, file, deep))) wrong.push(file)
    }
    const strays = (await fileStore.wholeFiles()).filter((id) => !known.has(id))
    const what = `${counted(known.size, 'file')} of ${sizeText(bytes)}${deep ? ', every digest right' : ''}`
    return [
      wrong.length === 0
        ? ok('files', what)
        : bad(
            'files',
            `missing or damaged: ${forTerminal(wrong.map(({ name }) => name).join(', '))}`,
            'send them again',
          ),
      ...(strays.length === 0
        ? []
        : [
            warning(
              'files',
              `${strays.length} that no room knows`,
              'repeat the import that was interrupted, or remove them from files/',
            ),
          ]),
    ]
  } finally {
    await fileStore.close()
  }
}

async function isAsKept(fileStore: DiskFileStore, { id, size, sha256 }: WholeFile, deep: boolean): Promise<boolean> {
  if ((await fileStore.size(id)) !== size) return false
  if (!deep) return true
  const digest = createHash('sha256')
  try {
    for await (const piece of fileStore.read(id, 0, 'lent')) digest.update(piece)
  } catch (error) {
    if (error instanceof FileStoreFailed || error instanceof FileMissing) return false
    throw error
  }
  return digest.digest('hex') === sha256
}
