/** What bounds a target that may be missed, by the target's name; told only where it is missed. */
export const BOUNDS: Readonly<Record<string, string>> = {
  'memory to batch, ten members':
    'a third of its processor time is the writes to nine receivers, which batch makes too, and a quarter is garbage collection: each line is an event that is kept; batch makes and keeps nothing of a line',
  'durable to memory, ten members':
    '160 lines are in flight, so a commit has about 80 of them, and each is a way of some 0.3 to 0.5 ms: thread, SQLite, sync, thread; where a sync costs nothing it is 0.45 to 0.52',
  'memory to nats, ten members':
    'with nine receivers most of both servers’ work is reading and writing sockets, which is the same',
  'nats to durable, processor time for each delivery': 'nats-server keeps nothing, durable puts every line on the disk',
  'text in a file to --quiet': 'the text is made and written on the thread that serves the room',
  '--json in a pipe to --quiet':
    'the text is made and written on the thread that serves the room, and its reader takes a share of two processors',
  'send to scp':
    'the start of the program, then bytes that are read, packed, hashed, sent, hashed again and synced; scp hashes and syncs nothing',
  'scp to tamtam, as quick as to sshd up':
    'ciphers and packets in JavaScript on one thread, SHA-256, and a sync before the file is there; sshd hashes and syncs nothing',
  'send to rsync daemon': 'each file is read and packed, then hashed at both ends and synced; the daemon syncs nothing',
  'send and get, as quick as scp up and down':
    'half of the processor time of host and get is the system’s copying into its cache, which scp needs as well; digests and syncs at both ends are most of the rest',
  'get that follows send, as quick as the seed':
    'each byte is written twice and hashed three times; with the seed it is written once, and hashed by nobody',
  'memory to each, p50': 'a line waits for the end of the tick, in which its room decides about it',
  'send and get, as quick as the seed':
    'they move the file twice; the seed passes it on while it comes, and keeps nothing',
  'get to curl -o':
    'the start of the program, SHA-256 and a sync, which curl does without; of a large file half is the system’s copying into its cache',
  'send to curl -T': 'the start of the program, and SHA-256 at this end too',
  'upload, processor time to node spool': 'SHA-256 is a quarter of it, and the spool has none',
  'get to c spool':
    'each byte is hashed and synced, which the spool does not do, and each `get` starts a program and hashes too',
  'curl to c spool': 'each byte is hashed and synced, which the spool does not do',
  'with nicks to alone, processor time': 'a nick is one more command and one more event, of which everybody is told',
  'listening, to node hello':
    'modules that are loaded, which is twice what Node itself takes; the journal’s thread loads beside them',
  'resident memory for each':
    'about 11 kB of heap, of which Node’s socket with its streams takes 1.6, and the memory of the system for each socket',
  'history adds': 'what is verified before the port opens',
  '--help to node -e 0': 'modules that are loaded; an empty program takes the rest',
  'say to node -e 0': 'modules that are loaded, and one request; an empty program takes the rest',
  'welcome of a silent netcat': 'silence is what tells netcat from other clients',
  'p99 beside files': 'two processors under five busy threads, and the queue of the disk',
  'p99 beside files to without': 'two processors under five busy threads, and the queue of the disk',
  'p99 to files on a host of their own': 'two processors under five busy threads, and the queue of the disk',
}
