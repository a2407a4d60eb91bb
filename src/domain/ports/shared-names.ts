/** Nicks at several hosts: a name, and all names confusable with it, belong to one person. Names are given by their skeletons. */
export interface SharedNames {
  /**
   * Takes a name for an owner at this host. `taken`: another owner has it at another host; owners at this host are this host's concern.
   * `unknown`: the others cannot be asked.
   */
  claim(skeleton: string, owner: string): Promise<'claimed' | 'taken' | 'unknown'>
  /** Whether `claim` would succeed, for a name that is used for a moment only. */
  look(skeleton: string, owner: string): Promise<'free' | 'taken' | 'unknown'>
  /** Frees the name at this host. Others may have it for the same owner. */
  release(skeleton: string): void
  /** Calls `lost` with each name that this host had taken and lost to another while it was cut off. */
  onLost(lost: (skeleton: string) => void): void
}
