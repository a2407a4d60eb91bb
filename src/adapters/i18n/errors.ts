import type { Code, Limit } from '#domain/errors.ts'

/** Limits of bytes, and shares of one. A file that the file system takes not at all meets no limit of ours. */
type OfLimit =
  | `DISK_FULL.${Exclude<Limit['of'], 'file'> | NonNullable<Limit['shareOf']>}`
  | `FILE_TOO_LARGE.${Exclude<Limit['of'], 'disk'>}`

/**
 * The meaning of refusals, in Indonesian, by their code; the English text is in the refusal itself. `{details}` is the host's message, where
 * it has particulars that a code has not.
 */
export const indonesianRefusals: Readonly<Record<Code | OfLimit, string>> = {
  BAD_NAME: 'nama ini tidak bisa dipakai; pilih yang lain ({details})',
  BAD_PATH: 'jalur ini tidak bisa dikirim; ganti namanya ({details})',
  BAD_FOLDER: 'folder ini tidak bisa diterima; tidak ada yang disimpan ({details})',
  NAME_TAKEN: 'nama ini, atau yang mirip, sudah dipakai; pilih yang lain',
  BAD_ROOM: 'nama ruang ini tidak bisa dipakai; pilih yang lain ({details})',
  TOO_MANY_ROOMS: 'ruang sudah terlalu banyak; masuklah ke yang ada ({details})',
  BAD_TEXT: 'pesan ini tidak bisa dikirim ({details})',
  LINE_TOO_LONG: 'pesan ini terlalu panjang; bagi, atau kirim sebagai berkas ({details})',
  BAD_COMMAND: 'perintah ini tidak dimengerti; /help menampilkan daftarnya ({details})',
  BAD_REQUEST: 'permintaan ini tidak dimengerti ({details})',
  NO_SUCH_MEMBER: 'nama itu tidak ada, atau ada lebih dari satu; /who menampilkan yang ada ({details})',
  NO_SUCH_FILE: 'berkas itu tidak ada; /files menampilkan yang ada ({details})',
  NO_SUCH_MESSAGE: 'pesan itu tidak ada, atau sudah dihapus ({details})',
  NO_SUCH_LINK: 'tautan itu tidak ada lagi; /drop-link list menampilkan yang ada',
  NO_SUCH_INVITATION: 'undangan itu tidak ada lagi; /invite list menampilkan yang ada',
  NOT_SAVED: 'berkas itu tidak disimpan ({details})',
  NOT_A_MEMBER: 'Anda tidak berada di ruang ini; masuklah lagi ({details})',
  NOT_ALLOWED: 'hanya pengelola ruang ini yang boleh melakukannya, dan tidak terhadap sesama pengelola',
  NOT_OWNER: 'kiriman ini milik orang lain; mulailah kiriman Anda sendiri',
  MUTED: 'Anda dibungkam di ruang ini dan hanya bisa membaca; hubungi pengelolanya',
  BANNED: 'Anda dilarang masuk ke ruang ini; hubungi pengelolanya',
  LOCKED: 'ruang ini dikunci ({details})',
  FULL: 'ruang ini penuh; coba lagi setelah ada yang keluar ({details})',
  SLOW_MODE: 'ruang ini dalam mode lambat; kirim lagi sebentar ({details})',
  TRY_LATER: 'terlalu banyak percobaan yang salah; coba lagi sebentar ({details})',
  BUSY: 'tuan rumah sedang sibuk; coba lagi sebentar',
  READ_ONLY: 'tuan rumah tidak bisa menyimpan apa pun; coba lagi nanti ({details})',
  DISK_FULL: 'tempat di tuan rumah tidak cukup ({details})',
  'DISK_FULL.room':
    'yang sedang masuk sudah sebanyak yang disimpan ruang ini, {size}; coba lagi setelah selesai, atau minta pengelola tuan rumah menaikkan --room-quota',
  'DISK_FULL.host':
    'tuan rumah menyimpan paling banyak {size} berkas, dan tidak ada tempat lagi; coba lagi setelah ada yang dihapus, atau minta pengelolanya menaikkan --host-quota',
  'DISK_FULL.disk':
    'disk tuan rumah penuh: {size} di antaranya tetap kosong; coba lagi nanti, kirim berkas yang lebih kecil, atau minta pengelolanya mengosongkan disk atau memindahkan data (--data)',
  'DISK_FULL.memory':
    'tuan rumah menyimpan berkas di memori, paling banyak {size}, dan tidak ada tempat lagi; coba lagi setelah ada yang dihapus, atau minta pengelolanya memakai disk, tanpa --ephemeral',
  'DISK_FULL.person':
    'kiriman Anda yang belum selesai sudah mendapat bagiannya, separuh dari {size}, selama tempat kurang; selesaikan atau batalkan dulu ({details})',
  'DISK_FULL.address':
    'kiriman dari alamat Anda yang belum selesai sudah mendapat bagiannya, separuh dari {size}, selama tempat kurang; selesaikan atau batalkan dulu ({details})',
  FILE_TOO_LARGE: 'berkas ini terlalu besar ({details})',
  'FILE_TOO_LARGE.file':
    'satu berkas di sini paling besar {size}; kirim yang lebih kecil, atau minta pengelola tuan rumah menaikkan --max-file',
  'FILE_TOO_LARGE.room':
    'satu ruang menyimpan paling banyak {size} berkas; kirim yang lebih kecil, atau minta pengelola tuan rumah menaikkan --room-quota',
  'FILE_TOO_LARGE.host':
    'tuan rumah menyimpan paling banyak {size} berkas; kirim yang lebih kecil, atau minta pengelolanya menaikkan --host-quota',
  'FILE_TOO_LARGE.memory':
    'tuan rumah menyimpan berkas di memori, paling banyak {size}; kirim yang lebih kecil, atau minta pengelolanya memakai disk, tanpa --ephemeral',
  TOO_MANY_FILES: 'berkas sudah terlalu banyak; coba lagi setelah ada yang dihapus ({details})',
  TRANSFER_STALLED: 'pengiriman macet terlalu lama; kirim lagi ({details})',
  TRANSFER_CUT: 'pengiriman terputus; kirim lagi ({details})',
  FENCED: 'sambungan lain sudah melanjutkan pengiriman ini',
  BAD_OFFSET: 'pengiriman ini tidak bisa dilanjutkan dari situ ({details})',
  HASH_MISMATCH: 'isi yang diterima bukan yang dikirim; tidak ada yang disimpan ({details})',
  ID_REUSED: 'sudah ada pesan lain dengan id ini ({details})',
  SUSPECT_END: 'akhir berkas tidak jelas; kirim lagi dengan ukurannya ({details})',
  WRONG_PROTOCOL: 'yang menjawab bukan tamtam ({details})',
  CLOSED: 'tuan rumah berhenti, atau sambungan ditutup ({details})',
  NOT_FOUND:
    'tidak ada ruang itu untuk Anda; mungkin perlu kata sandi (/join RUANG KATASANDI), undangan, atau token tuan rumah',
  TIMEOUT: 'tidak selesai tepat waktu ({details})',
  BAD_MESSAGE: 'pesan protokol ini tidak dimengerti ({details})',
  REPLACED: 'Anda sudah masuk dari sambungan lain',
  RESTART: 'tuan rumah sedang dimulai ulang; sebentar lagi kembali',
  TLS_REQUIRED: 'tuan rumah hanya melayani TLS ({details})',
  HOST_CHANGED: 'kunci tuan rumah bukan yang dikenal; tidak ada yang dikirim ({details})',
}
