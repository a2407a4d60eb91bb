import { ROOM_WORDS } from '#server/connection/room-words.ts'
import { roomWord } from './room-word.ts'

export const unban = roomWord(ROOM_WORDS.unban)
