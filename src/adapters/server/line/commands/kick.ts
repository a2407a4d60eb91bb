import { ROOM_WORDS } from '#server/connection/room-words.ts'
import { roomWord } from './room-word.ts'

export const kick = roomWord(ROOM_WORDS.kick)
