import { moreIndonesian } from './more.id.ts'
import { pageIndonesian } from './page.id.ts'
import type { MessageCatalog } from './translator.ts'

/** The same in Indonesian. */
export const indonesian: MessageCatalog = {
  ...pageIndonesian,
  ...moreIndonesian,

  // What a host says first, and `/share`.
  hostsRoom: 'tamtam menjadi tuan rumah ruang {room} di {url}',
  hostTyping:
    'ketik untuk mengobrol; /send PATH mengirim berkas; /help menjelaskan lebih banyak; Ctrl-C menghentikan tuan rumah',
  screenHint: '/share menampilkannya lagi, /help bantuan, Ctrl-C menutup ruang',
  wayBrowser: 'peramban',
  openInBrowser: 'buka di peramban:',
  joinHereWith: 'masuk dari komputer ini dengan:',
  orWith: 'atau dengan:',
  dropFileWith: 'masukkan berkas dengan:',
  onlyThisMachine: 'Hanya untuk komputer ini. Mulai dengan --lan agar yang lain bisa masuk.',
  knownByKey: 'dikenal dengan kunci {fingerprint}',
  openToAll: 'semua orang yang menjangkau alamat ini bisa masuk, membaca, dan mengirim berkas',
  tokenIsKept:
    'hanya pemegang token yang bisa masuk; {command} membuat token baru dan mengeluarkan anggota yang masuk dengan token ini',
  tokenOfCluster: 'hanya pemegang token yang bisa masuk; setiap simpul klaster memakai token ini',
  tokenOfHost: 'hanya pemegang token yang bisa masuk; token berakhir bersama tuan rumah ini',

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
  peopleJoined: '{count} orang masuk',
  peopleLeft: '{count} orang keluar',
  peopleRenamed: '{count} orang berganti nama',

  // How things stand.
  greeting: 'Anda adalah {name} di {room}: {count} di sini. Ketik /help untuk melihat perintah',
  greetingSoFar:
    'Anda adalah {name} di {room}: {count} di sini, {last} sejauh ini (/history). Ketik /help untuk melihat perintah',
  welcome: 'Anda adalah {name} di {room}; ketik /help untuk melihat perintah',
  filesComeTo: 'berkas sampai {size} disimpan di {folder} (--save, --auto)',
  filesGoTo: '/get menyimpan berkas di {folder} (--save)',
  thisFolder: 'folder ini',
  inRoom: 'Anda berada di {room}',
  inRoomAlready: 'Anda sudah berada di {room}',
  leftRoom: 'Anda keluar dari {room}; /join membawa Anda ke sebuah ruang',
  cutOff:
    'mesin ini tidak dapat menjangkau yang lain: yang Anda tulis menunggu, dan disampaikan begitu terjangkau lagi',
  reachedAgain: 'mesin ini menjangkau yang lain lagi',
  bye: 'sampai jumpa',
  languageIs: 'jawaban sekarang dalam bahasa Indonesia',
  filesUntilWord:
    'berkas datang sebagai byte mentah, untuk program, sampai Anda mengetik perintah seperti /nick NAMA; lalu sebagai tautan',
  tokenFirst: 'ruang ini meminta token dulu: ketik /token TOKEN, atau dengan undangan /join RUANG UNDANGAN',
  inNoRoom: 'Anda tidak berada di ruang mana pun; masuklah dengan /join',
  noSuchCommand:
    'perintah itu tidak ada: /help menampilkan daftarnya (untuk baris yang berawal garis miring, ketik // dulu)',
  noSuchCommandNear:
    'perintah itu tidak ada: maksud Anda {usage}? (untuk baris yang berawal garis miring, ketik // dulu)',
  noFileNamed: 'tidak ada tepat satu berkas dengan nama atau awal id itu; /files menampilkan yang ada',
  tokenKept: 'token disimpan untuk ruang yang Anda masuki',
  connectingTo: 'menyambung ke {at}…',
  connected: 'tersambung',
  connectedAgain: 'tersambung kembali; tidak ada yang hilang',
  retrying: 'sambungan terputus ({why}); mencoba lagi',
  offline: 'terputus, mencoba lagi ({attempt})',
  hereCount: '{count} di sini',
  maybePrivate:
    'tidak ada apa-apa untuk Anda di sana: mungkin tuan rumah meminta token (seluruh tautan yang ditampilkannya, atau TAMTAM_TOKEN), atau ruangnya meminta kata sandi (TAMTAM_PASSWORD) atau undangan (sebagai ganti token)',
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
  filesCounted: { one: '{count} berkas di {room}', other: '{count} berkas di {room}' },
  filesInline: 'berkas datang sebagai isinya, langsung di sini',
  filesLinks: 'berkas datang sebagai baris yang menyebutnya',
  notAllHere: '{file} dari {name} belum tiba semuanya',
  notAllHereShare: '{file} dari {name} belum tiba semuanya: {percent} %',
  fileOnItsWay: '[{id}] {file} dari {name}{for}: masih dikirim',
  fileWhole: '[{id}] {file} dari {name}{for}: {size}, sha256 {digest}{gone}',
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
  stalled: 'macet {time}',
  retryNumber: 'percobaan ke-{attempt}',
  timeLeft: 'sisa {time}',
  reading: 'membaca',
  waitsForYou: '{file} ({size}) terlalu besar untuk diterima otomatis; ambil dengan /get {id}',
  fileSent: '{name} mengirim {file}{for} ({size})',
  savedAs: 'disimpan di {path}',
  hereAlready: '{file} sudah ada di sini; /get {id}',
  isWith: '{file} sudah sampai kepada {to} ({size})',
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
  typeAtYours: 'ketik ini di komputermu sendiri: {line}',
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
  voiceDone: '{name} punya hak bicara',
  unvoiceDone: '{name} tidak punya hak bicara lagi',
  voice: 'hak bicara',
  lockDone: 'ruang ini dikunci',
  unlockDone: 'ruang ini terbuka lagi',
  collectionDone: 'ruang ini berhenti mengumpulkan: berkas untuk semua orang',
  awayDone: 'Anda sedang pergi; ketik /back kalau sudah kembali',
  backDone: 'Anda sudah kembali',
  limits: 'pengiriman: {host} bersama, {each} masing-masing',
  limitNone: 'tanpa batas',
  limitRate: 'paling banyak {rate}/s',
  stopsFor: {
    one: '{count} orang ada di sini: sekali lagi, dan ruang ini ditutup',
    other: '{count} orang ada di sini: sekali lagi, dan ruang ini ditutup',
  },
  stillSending: 'masih ada berkas yang dikirim dari sini: sekali lagi, dan Anda keluar',
  hostGoesOn: 'Ctrl-Z akan menghentikan ruang ini bagi semua orang; Ctrl-C mengakhirinya',
  wordNotHere: '/{word} untuk klien lain.',
  bellAll: 'bel berbunyi untuk setiap pesan',
  themeIs: 'tema sekarang {theme}; pilihannya {themes}',
  pasted: {
    one: '{count} baris ditempel: Enter untuk mengirim, Esc untuk membatalkan',
    other: '{count} baris ditempel: Enter untuk mengirim sebagai satu pesan, Esc untuk membatalkan',
  },

  // The groups of help.
  groupTalk: 'obrolan',
  groupFiles: 'berkas',
  groupPeople: 'orang',
  groupRoom: 'ruang',
  groupTerminal: 'terminal ini',

  // Help on words that the page does not have.
  helpSshSay: 'ucapkan TEXT, atau tanpanya tiap baris masukan',
  helpSshTail: 'apa yang terjadi mulai sekarang, atau setelah entri N, sampai dihentikan',
  helpSshGet: 'tulis berkas ke keluaran, menurut nama atau id; SHA256SUMS berisi semua sidik jari',
  helpSshPut: 'kirim masukan ke ruang sebagai berkas dengan nama ini',
  helpSshGot:
    'beri tahu ruang bahwa berkas sudah ada padamu, dengan sidik jarinya; atau beri baris sha256sum sebagai masukan',
  helpSshMore:
    'Perintah obrolan juga bisa, tanpa garis miring: history, search, topic, whisper, dan lainnya. Pengguna adalah nama Anda, atau nama/ruang. Berkas juga lewat scp dan sftp.',
  helpFileModes: 'berkas di ruang ini; atau cara menerimanya',
  helpGetBytes: 'kirimi saya isi mentah berkas ini sekarang, menurut nama atau id; lihat /files',
  helpLimit: 'batasi kecepatan semua pengiriman, atau masing-masing',
  helpMore: '/help orang menjelaskan satu kelompok, /help kick satu perintah',
  helpMoreHost: '/help orang menjelaskan satu kelompok, /help kick satu perintah; * hanya untuk tuan rumah',
  helpQuitHost: 'tutup ruang ini untuk semua orang',
  helpToken: 'tunjukkan token tuan rumah; orang lain tidak melihatnya',
  helpHelp: 'daftar ini, atau satu kelompok atau kata darinya: /help orang',
  helpSlash: 'kirim /teks',
  helpSendLine: 'kirim berkas: isinya menyusul, lalu //AGUEL//TAMTAM//',
  helpPut: 'kirim berkas: tepat sekian byte menyusul; /put @nick size name: hanya untuk nick',
}
