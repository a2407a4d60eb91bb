import { moreIndonesian } from './more.id.ts'
import { pageIndonesian } from './page.id.ts'
import type { MessageCatalog } from './translator.ts'

/** The same in Indonesian. */
export const indonesian: MessageCatalog = {
  ...pageIndonesian,
  ...moreIndonesian,

  // Hosts over TLS.
  hostMet:
    'pertama kali menyambung ke {at}; mulai sekarang dikenal dengan kunci {fingerprint}: cocokkan dengan yang ditampilkan tuan rumah',
  certificateEnded: 'sertifikat {at} sudah habis masa berlakunya pada {since}; kuncinya benar',
  hostNotKept: 'kuncinya tidak bisa disimpan di {path}: {why}',

  // Events, where the page shows them in another way.
  whispers: '{name} berbisik: {text}',
  whisperTo: 'Anda berbisik kepada {name}: {text}',
  verified: '{name} sudah menerima {file} dan memeriksanya',
  newSince: 'baru sejak {time}',
  skipped: {
    one: '{count} baris tidak ditampilkan karena terminal ini terlalu lambat; lihat dengan /history',
    other: '{count} baris tidak ditampilkan karena terminal ini terlalu lambat; lihat dengan /history',
  },
  unmutedBy: '{name} mencabut pembungkaman {to}',
  unbannedBy: '{to} boleh masuk lagi, kata {name}',
  collectionStartedBy:
    'ruang ini mengumpulkan kiriman, kata {name}: kiriman anggota hanya dilihat pengirimnya dan pengelola ruang ini',
  collectionEndedBy: 'ruang ini berhenti mengumpulkan, kata {name}: berkas untuk semua orang',
  peopleJoined: '{count} orang masuk',
  peopleLeft: '{count} orang keluar',
  peopleRenamed: '{count} orang berganti nama',

  // How things stand.
  greeting: 'Anda adalah {name} di {room}: {count} di sini. Ketik /help untuk melihat perintah',
  greetingSoFar:
    'Anda adalah {name} di {room}: {count} di sini, {last} sejauh ini (/history). Ketik /help untuk melihat perintah',
  welcome: 'Anda adalah {name} di {room}; ketik /help untuk melihat perintah',
  inRoom: 'Anda berada di {room}',
  inRoomAlready: 'Anda sudah berada di {room}',
  leftRoom: 'Anda keluar dari {room}; /join membawa Anda ke sebuah ruang',
  bye: 'sampai jumpa',
  tokenKept: 'token disimpan untuk ruang yang Anda masuki',
  connected: 'tersambung',
  connectedAgain: 'tersambung kembali; tidak ada yang hilang',
  retrying: 'sambungan terputus ({why}); mencoba lagi',
  retryingNow: 'sambungan terputus ({why}); percobaan ke-{attempt}',
  closed: 'sambungan berakhir: {why}',
  notAnswered: 'belum dijawab: {text}',
  notAnsweredMore: { one: 'dan {count} lainnya', other: 'dan {count} lainnya' },
  you: 'Anda',
  collecting: 'ruang ini mengumpulkan kiriman: kiriman anggota hanya dilihat pengirimnya dan pengelola ruang ini',

  // Members and files of a room.
  inRoomAre: '{count} di {room}:',
  awayNow: 'sedang pergi',
  awayBecause: 'sedang pergi: {why}',
  sendingShare: '{name} sedang mengirim {file}{for}: {share}',
  filesHere: {
    one: '{count} berkas di {room}; ambil dengan /get',
    other: '{count} berkas di {room}; ambil dengan /get',
  },
  filesInline: 'berkas datang sebagai isinya, langsung di sini',
  filesLinks: 'berkas datang sebagai baris yang menyebutnya',
  notAllHere: '{file} dari {name} belum tiba semuanya',
  notAllHereShare: '{file} dari {name} belum tiba semuanya: {percent} %',
  fileOnItsWay: '[{id}] {file} dari {name}{for}: masih dikirim',
  fileWhole: '[{id}] {file} dari {name}{for}: {size}',
  noFiles: 'tidak ada berkas di ruang ini',
  collected: { one: '{count} berkas terkumpul', other: '{count} berkas terkumpul' },
  onItsWay: 'masih dikirim: {file} dari {name}',
  nothingFrom: 'belum ada kiriman dari {names}',
  historyOf: 'riwayat {room}:',
  endOfHistory: 'akhir riwayat',
  foundLines: { one: '{count} baris ditemukan:', other: '{count} baris ditemukan:' },
  endOfSearch: 'akhir pencarian',
  invitationFor: 'untuk satu orang, sampai {time}: /join {room} {code}',
  invitationForLink: 'untuk satu orang, sampai {time}: /join {room} {code}, atau di peramban {link}',

  // Files.
  reading: 'membaca',
  waitsForYou: '{file} ({size}) terlalu besar untuk diterima otomatis; ambil dengan /get {id}',
  saved: 'disimpan di {path}',
  notSaved: '{file} tidak tersimpan: {why}',
  copyStays: 'salinan {file}, yang sudah tidak ada, tetap tinggal: {why}',
  notKept: '{file} tidak disimpan lagi',
  sent: '{file} sudah ada di ruang ini: {size}, sha256 {digest}',
  sentTo: '{file} sudah sampai kepada {to}: {size}, sha256 {digest}',
  pathNotSent: 'tidak terkirim: {why}',
  pathsNotSent: { one: 'tidak terkirim: {count} lagi', other: 'tidak terkirim: {count} lagi' },
  changedMeanwhile: 'tidak ada: {path} berubah saat dikirim',
  notSent: '{file} tidak terkirim: {why}',
  noSuchFile: 'tidak ada berkas {file}; lihat daftarnya dengan /files',
  severalFiles: 'ada beberapa berkas yang berawal dengan {file}; ketik id yang lebih panjang',
  alreadyComing: '{file} sedang diterima',

  // Outcomes of commands.
  whisperSent: 'kepada {name}: {text}',
  topicDone: 'topik diganti',
  removeDone: 'sudah dihapus',
  muteDone: '{name} dibungkam',
  unmuteDone: '{name} tidak dibungkam lagi',
  banDone: '{name} dilarang masuk',
  unbanDone: '{name} tidak dilarang masuk lagi',
  opDone: '{name} sekarang pengelola',
  deopDone: '{name} bukan pengelola lagi',
  lockDone: 'ruang ini dikunci',
  unlockDone: 'ruang ini terbuka lagi',
  collectionDone: 'ruang ini berhenti mengumpulkan: berkas untuk semua orang',
  awayDone: 'Anda sedang pergi; ketik /back kalau sudah kembali',
  backDone: 'Anda sudah kembali',
  limits: 'pengiriman: {host} bersama, {each} masing-masing',
  limitNone: 'tanpa batas',
  limitRate: 'paling banyak {rate}/s',
  hostGoesOn: 'Ctrl-Z akan menghentikan ruang ini bagi semua orang; Ctrl-C mengakhirinya',
  bellOff: 'bel dimatikan',
  bellMention: 'bel berbunyi kalau nama Anda disebut atau ada yang berbisik kepada Anda',
  bellAll: 'bel berbunyi untuk setiap pesan',
  timeOn: 'waktu ditampilkan',
  timeOff: 'waktu tidak ditampilkan',
  themeIs: 'tema sekarang {theme}; pilihannya {themes}',
  pasted: {
    one: '{count} baris ditempel: Enter untuk mengirim, Esc untuk membatalkan',
    other: '{count} baris ditempel: Enter untuk mengirim sebagai satu pesan, Esc untuk membatalkan',
  },

  // Help on words that the page does not have.
  helpPart: 'keluar dari ruang ini, tetap tersambung',
  helpFiles: 'berkas apa saja yang ada',
  helpSshSay: 'ucapkan TEXT, atau tanpanya tiap baris masukan',
  helpSshTail: 'apa yang terjadi mulai sekarang, atau setelah entri N, sampai dihentikan',
  helpSshGet: 'tulis berkas ke keluaran, menurut nama atau id; SHA256SUMS berisi semua sidik jari',
  helpSshPut: 'kirim masukan ke ruang sebagai berkas dengan nama ini',
  helpSshMore:
    'Perintah obrolan juga bisa, tanpa garis miring: history, search, topic, whisper, dan lainnya. Pengguna adalah nama Anda, atau nama/ruang. Berkas juga lewat scp dan sftp.',
  sshNoShell:
    'di sini tidak ada shell: tulis perintah setelah alamat, seperti ssh ani@host say halo; help menampilkan semuanya',
  helpFileModes: 'berkas di ruang ini; atau cara menerimanya',
  helpGet: 'kirimi saya berkas ini sekarang, menurut nama atau id; lihat /files',
  helpSend: 'kirim berkas ke ruang ini, atau kepada seseorang',
  helpBell: 'kapan bel berbunyi',
  helpTime: 'tampilkan waktu atau tidak',
  helpLimit: 'batasi kecepatan semua pengiriman, atau masing-masing',
  helpToken: 'tunjukkan token tuan rumah; orang lain tidak melihatnya',
  helpHelp: 'daftar ini',
  helpSlash: 'kirim /teks',
  helpSendLine: 'kirim berkas: isinya menyusul, lalu //AGUEL//TAMTAM//',
  helpPut: 'kirim berkas: tepat sekian byte menyusul; /put @nick size name: hanya untuk nick',
}
