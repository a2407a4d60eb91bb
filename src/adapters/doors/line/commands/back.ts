import { ROOM_WORDS } from '../../shared/room-words.ts'
import { roomWord } from './room-word.ts'

export const back = roomWord(ROOM_WORDS.back)
