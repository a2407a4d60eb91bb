import { ROOM_WORDS } from '#server/connection/room-words.ts'
import { roomWord } from './room-word.ts'

export const unmute = roomWord(ROOM_WORDS.unmute)
