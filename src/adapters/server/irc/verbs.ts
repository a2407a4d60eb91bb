import { ASKING } from './asking.ts'
import { REGISTERING } from './registering.ts'
import { ROOMS } from './rooms.ts'
import { TALKING } from './talking.ts'
import type { Verb } from './verb.ts'

/** Every command of IRC that is understood, by its word. */
export const VERBS: Readonly<Record<string, Verb>> = { ...REGISTERING, ...TALKING, ...ROOMS, ...ASKING }
