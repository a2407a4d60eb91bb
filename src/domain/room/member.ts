/** Who is in a room. `id` is unique for each joining; `name` is the nick, or a guest's address, which several may share. */
export interface Member {
  readonly id: string
  readonly name: string
}
