import type { IfName } from '#addr/if-name.js'
import { tagList } from '#ganeti/nic-values.js'
import type { NicDescription, NicWords } from '#ganeti/nic-words.js'
import type { Nic } from './nic.js'

/** The NIC that Ganeti's script was started for. */
export function nicOfWords({ tap, instance, index, instanceTags, ...described }: NicWords): Nic {
  return { tap, instance, index, ...described, instanceTags }
}

/** A NIC of a running instance, by its runtime file. */
export function nicOfRuntime({
  tap,
  instance,
  index,
  described,
  instanceTags,
}: {
  readonly tap: IfName
  readonly instance: string
  /** The number of the file that names the tap. */
  readonly index: number
  readonly described: NicDescription
  /** As some record of ours has them: runtime files do not. */
  readonly instanceTags: readonly string[] | undefined
}): Nic {
  return { tap, instance, index, ...described, instanceTags: instanceTags && tagList(instanceTags) }
}
