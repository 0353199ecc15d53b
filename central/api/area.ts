/** Which of OpenStack's services a path belongs to. */
export type Area = 'identity' | 'compute' | 'network' | 'image' | 'other'

/** Where each service is. Other addresses that clients know are taken for these (`ownUrl`). */
export const bases = {
  identity: '/identity/v3',
  compute: '/compute/v2.1',
  network: '/network/v2.0',
  image: '/image/v2',
} as const

/** Addresses that stand for one of ours; the first that begins a path counts. */
const aliases: readonly (readonly [string, string])[] = [
  ['/v2.1', bases.compute],
  ['/v1.1', bases.compute],
  ['/compute/v1.1', bases.compute],
  ['/compute/v2.0', bases.compute],
  ['/compute/v2', bases.compute],
  // the plain /v2.0 is Keystone's where only Keystone has such a path, else Neutron's
  ['/v2.0/tokens', '/identity/v2.0/tokens'],
  ['/v2.0/tenants', '/identity/v2.0/tenants'],
  ['/v2.0', bases.network],
  ['/v2', bases.compute],
  ['/v3', bases.identity],
]

/** `/<project>` after the version, as catalogues of old had it. */
const projectInPath =
  /^\/compute\/v2\.1\/([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?=[/?]|$)/

/** The address under which a route of ours is known, and the project that the address named. */
export function ownUrl(url: string): {
  readonly url: string
  readonly projectId: string | undefined
} {
  const alias = aliases.find(([from]) => url.startsWith(from) && isEnd(url.charAt(from.length)))
  const ours = alias === undefined ? url : `${alias[1]}${url.slice(alias[0].length)}`
  const named = projectInPath.exec(ours)
  if (named === null) return { url: ours, projectId: undefined }
  return { url: `${bases.compute}${ours.slice(named[0].length)}`, projectId: named[1] }
}

/** The service whose path this is (one that `ownUrl` made). */
export function areaOf(url: string): Area {
  const first = /^\/(identity|compute|network|image)(?=[/?]|$)/.exec(url)
  return first === null ? 'other' : (first[1] as Area)
}

function isEnd(character: string): boolean {
  return character === '' || character === '/' || character === '?'
}
