/** Nicks over several hosts: a name, and those that look like it, is one person's. Names are given by their skeletons. */
export interface SharedNames {
  /**
   * Takes a name for an owner at this host. `taken`: another owner has it at another host; who has it at this host is this host's to know. `unknown`: the
   * others cannot be asked.
   */
  claim(skeleton: string, owner: string): Promise<'claimed' | 'taken' | 'unknown'>
  /** Whether `claim` would take it, for a name that is used for a moment only. */
  look(skeleton: string, owner: string): Promise<'free' | 'taken' | 'unknown'>
  /** This host has it no more. Others may have it for the same owner. */
  release(skeleton: string): void
  /** Calls `lost` with each name that this host has taken and has no more: it was cut off, and another came. */
  onLost(lost: (skeleton: string) => void): void
}
