import { indonesianRefusals } from '#i18n/errors.ts'
import type { Language } from '#i18n/translator.ts'

const english = {
  title: 'Hand in files',
  lead: 'What you put here goes to whoever gave you this address, and to nobody else.',
  yourName: 'Your name',
  nameFirst: 'Write your name first: whoever gets the files should know whose they are.',
  dropHere: 'Drop files here',
  choose: 'Choose files',
  handIn: 'Hand in',
  until: 'This address is valid until',
  gone: 'This address is not valid any more. Ask for a new one.',
  unreachable: 'The host does not answer. Trying again.',
  waiting: 'waits its turn',
  whole: 'has arrived',
  failed: 'has not arrived',
  tryAgain: 'Try again',
  cancel: 'Cancel',
  files: 'Your files',
  NAME_TAKEN: 'Somebody has this name already, or one that looks like it. Choose another.',
  BAD_NAME: 'This name can not be used: letters and digits of one script, and no signs but - _ and . will do.',
  FILE_CHANGED: 'it is being changed while it is sent; close it, or send a copy',
} as const

type Words = Readonly<Record<keyof typeof english, string>>

const indonesian: Words = {
  title: 'Kumpulkan berkas',
  lead: 'Yang Anda taruh di sini hanya sampai ke pemberi alamat ini, tidak ke orang lain.',
  yourName: 'Nama Anda',
  nameFirst: 'Tulis nama Anda dulu, supaya penerima tahu milik siapa berkas ini.',
  dropHere: 'Taruh berkas di sini',
  choose: 'Pilih berkas',
  handIn: 'Kumpulkan',
  until: 'Alamat ini berlaku sampai',
  gone: 'Alamat ini tidak berlaku lagi. Mintalah yang baru.',
  unreachable: 'Host tidak menjawab. Mencoba lagi.',
  waiting: 'menunggu giliran',
  whole: 'sudah sampai',
  failed: 'belum sampai',
  tryAgain: 'Coba lagi',
  cancel: 'Batal',
  files: 'Berkas Anda',
  NAME_TAKEN: 'Nama itu, atau yang mirip, sudah dipakai. Pilih yang lain.',
  BAD_NAME: 'Nama itu tidak bisa dipakai: hanya huruf dan angka dari satu aksara, dan tanda - _ serta titik.',
  FILE_CHANGED: 'berkas berubah selagi dikirim; tutup dulu, atau kirim salinannya',
}

export const wordsOf = (language: Language): Words => (language === 'id' ? indonesian : english)

/** Why a file was refused, for its sender; what the host says where there is no text for its code. */
export function refusalText(why: { readonly code: string; readonly message: string }, language: Language): string {
  const words: Readonly<Record<string, string>> = wordsOf(language)
  const refusals: Readonly<Record<string, string>> = language === 'id' ? indonesianRefusals : {}
  const found = [words, refusals].find((texts) => Object.hasOwn(texts, why.code))?.[why.code] ?? '{details}'
  return found.replace('{details}', () => why.message)
}
