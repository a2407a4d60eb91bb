import type { Code } from '#domain/errors.ts'

/**
 * What refusals mean, in Indonesian, by their code; in English they say it themselves. `{details}` is what the host says, where that
 * has particulars which a code has not.
 */
export const indonesianRefusals: Readonly<Record<Code, string>> = {
  BAD_NAME: 'nama ini tidak bisa dipakai; pilih yang lain ({details})',
  NAME_TAKEN: 'nama ini, atau yang mirip, sudah dipakai; pilih yang lain',
  BAD_ROOM: 'nama ruang ini tidak bisa dipakai; pilih yang lain ({details})',
  TOO_MANY_ROOMS: 'ruang sudah terlalu banyak; masuklah ke yang ada ({details})',
  BAD_TEXT: 'pesan ini tidak bisa dikirim ({details})',
  LINE_TOO_LONG: 'pesan ini terlalu panjang; bagi, atau kirim sebagai berkas ({details})',
  BAD_COMMAND: 'perintah ini tidak dimengerti; /help menampilkan daftarnya ({details})',
  BAD_REQUEST: 'permintaan ini tidak dimengerti ({details})',
  NO_SUCH_MEMBER: 'nama itu tidak ada, atau ada lebih dari satu; /who menampilkan yang ada ({details})',
  NO_SUCH_FILE: 'berkas itu tidak ada; /files menampilkan yang ada ({details})',
  NO_SUCH_INVITATION: 'undangan itu tidak ada lagi; /invite list menampilkan yang ada',
  NOT_SAVED: 'berkas itu tidak disimpan ({details})',
  NOT_A_MEMBER: 'Anda tidak berada di ruang ini; masuklah lagi ({details})',
  NOT_ALLOWED: 'hanya pengelola ruang ini yang boleh melakukannya, dan tidak terhadap sesama pengelola',
  NOT_OWNER: 'kiriman ini milik orang lain; mulailah kiriman Anda sendiri',
  MUTED: 'Anda dibungkam di ruang ini dan hanya bisa membaca; hubungi pengelolanya',
  BANNED: 'Anda dilarang masuk ke ruang ini; hubungi pengelolanya',
  LOCKED: 'ruang ini dikunci ({details})',
  TRY_LATER: 'terlalu banyak percobaan yang salah; coba lagi sebentar ({details})',
  BUSY: 'tuan rumah sedang sibuk; coba lagi sebentar',
  READ_ONLY: 'tuan rumah tidak bisa menyimpan apa pun; coba lagi nanti ({details})',
  DISK_FULL: 'tempat di tuan rumah tidak cukup ({details})',
  FILE_TOO_LARGE: 'berkas ini terlalu besar ({details})',
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
