import { type LineHouse, openLineHouse, type Person } from '../../../harness/line-house.ts'

export interface Scene extends LineHouse {
  readonly ani: Person
  readonly budi: Person
}

export async function scene(): Promise<Scene> {
  const house = await openLineHouse()
  const [ani, budi] = [await house.enter('ani'), await house.enter('budi')]
  return { ...house, ani, budi }
}

/** What ani gets, and what budi sees, when ani types this. */
export async function typed(made: Scene, ...lines: readonly string[]): Promise<[string, string]> {
  made.ani.type(...lines)
  await made.calm()
  return [made.ani.take(), made.budi.take()]
}
