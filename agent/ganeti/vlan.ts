/** VLANs of a NIC: ids are 1 to 4094. */
export interface NicVlan {
  /** What frames without a tag belong to. */
  readonly native: number | undefined
  /** What the guest may tag itself. */
  readonly tagged: readonly number[]
}

/**
 * What a NIC parameter `vlan` says: `.100` native, `:100:200` tagged, `.100:200:300` both, `100` native too
 * (net-common of Ganeti, lib/network of 3.2).
 * @returns undefined for a text that says nothing of the kind; the empty text is the caller's
 */
export function parseVlan(text: string): NicVlan | undefined {
  const [, first, rest = ''] = /^\.?(\d{1,4})?((?::\d{1,4})*)$/.exec(text) ?? []
  const native = first === undefined ? undefined : Number(first)
  const tagged = rest.split(':').slice(1).map(Number)
  const ids = native === undefined ? tagged : [native, ...tagged]
  const isGood = ids.length > 0 && ids.every(isVlanId) && new Set(ids).size === ids.length
  const hasDotAlone = text.startsWith('.') && native === undefined
  return isGood && !hasDotAlone ? { native, tagged } : undefined
}

function isVlanId(id: number): boolean {
  return id >= 1 && id <= 4094
}

/** The text that {@link parseVlan} reads. */
export function formatVlan({ native, tagged }: NicVlan): string {
  return [native === undefined ? '' : `.${native}`, ...tagged.map((id) => `:${id}`)].join('')
}
