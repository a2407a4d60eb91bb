import { ROOM_WORDS } from '../../shared/room-words.ts'
import { roomWord } from './room-word.ts'

export const op = roomWord(ROOM_WORDS.op)
