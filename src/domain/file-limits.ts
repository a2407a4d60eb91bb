import { type Limit, type Rejected, rejected } from './errors.ts'
import { sizeText } from './names/text.ts'

// The refusals of files: which limit, its size, and how to change it.

/** The operator's remedy for each limit. */
const REMEDIES: Readonly<Record<Limit['of'], string>> = {
  file: 'whoever runs the host can raise it with --max-file',
  room: 'whoever runs the host can raise it with --room-quota',
  host: 'whoever runs the host can raise it with --host-quota',
  disk: 'whoever runs the host can make room on it, or move its data with --data',
  memory: 'whoever runs the host can keep them on a disk, without --ephemeral',
}

/** For a file that can never be kept, whatever else is removed. */
export function fileTooLarge(limit: Limit): Rejected {
  const size = sizeText(limit.bytes)
  const what = {
    file: `a file may have at most ${size} here`,
    room: `a room keeps at most ${size} of files`,
    host: `this host keeps at most ${size} of files`,
    disk: "the host's file system takes no file of this size",
    memory: `this host keeps its files in memory, at most ${size} of them`,
  }[limit.of]
  return { ...rejected('FILE_TOO_LARGE', `${what}; send a smaller one, or split it: ${REMEDIES[limit.of]}`), limit }
}

/** For a file without space at the moment. */
export function noSpace(limit: Limit): Rejected {
  const size = sizeText(limit.bytes)
  const what = {
    file: `a file may have at most ${size} here`,
    room: `as much is arriving as this room keeps, ${size}; try again once it is through`,
    host: `this host keeps at most ${size} of files and has no room for this one; try again once some are removed`,
    disk: `the host's disk is full${limit.bytes > 0 ? `: files leave ${size} of it free` : ''}; try again once there is room, or send a smaller file`,
    memory: `this host keeps its files in memory, at most ${size} of them, and has no room for this one; try again once some are removed`,
  }[limit.of]
  return { ...rejected('DISK_FULL', `${what}: ${REMEDIES[limit.of]}`), limit }
}

/** Unfinished uploads of one person, or from one address, may have half of `bytes` while others go short; `held` is their share. */
export function overFairShare(by: 'person' | 'address', held: number, { of, bytes }: Limit): Rejected {
  const whose = by === 'person' ? 'of yours' : 'from your address'
  const message = `uploads ${whose} that are not finished have ${sizeText(held)} already, and may have half of the ${sizeText(bytes)} that can be had while room is short; finish or withdraw them first: ${REMEDIES[of]}`
  return { ...rejected('DISK_FULL', message), limit: { of, bytes, shareOf: by } }
}
