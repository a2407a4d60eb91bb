import { statfsSync } from 'node:fs'

/** What `statfs` says on Linux of file systems that other machines may have open too (C86); statfs(2), linux/magic.h. */
const SHARED: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  16914839: '9p',
  1702057286: 'FUSE',
  1397113167: 'AFS',
  1799439955: 'AFS',
  1937076805: 'Coda',
  22092: 'NCP',
  12805120: 'Ceph',
  18225520: 'GFS2',
  1952539503: 'OCFS2',
  198183888: 'Lustre',
  2020557398: 'vboxsf',
}

/** Only its host may write a data directory, and a lock that holds on one machine does not on two. */
export class SharedDisk extends Error {
  readonly code = 'SHARED_DISK'

  constructor(directory: string, kind: string) {
    super(
      `${directory} is on ${kind}, where other machines may write too and locks may not hold; choose a directory of this machine with --data, or say --shared-disk where no other host uses it`,
    )
  }
}

/** The kind of file system under an existing directory, where other machines may have it open too. */
export function sharedDiskUnder(directory: string): string | undefined {
  if (process.platform !== 'linux') return undefined
  // The kernel's word is signed on some machines.
  return SHARED[statfsSync(directory).type >>> 0]
}
