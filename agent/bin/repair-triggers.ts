import path from 'node:path'
import { followLinks, type Link } from '#kernel/links.js'
import { followRuleset, type RulesetChange, type RulesetFollower } from '#kernel/ruleset-watch.js'
import { createDirectoryFollower } from '#watch/directory-follower.js'
import { followInstanceFiles } from '#watch/running-instances.js'
import type { RepairPlaces } from './node-nics.js'

/** Whom the node's changes concern. */
export interface TriggerListener {
  readonly places: RepairPlaces
  /** An interface, an instance, a stance, tags or the configuration changed. */
  readonly onSoon: () => void
  readonly onRuleset: (change: RulesetChange) => void
  /** An interface is gone. */
  readonly onGone: (name: string) => void
  readonly signal: AbortSignal
}

/** Follows all that may make a NIC wrong, until the signal aborts. Folders come and go: `ensure` sees to their watches, now and then. */
export function openTriggers({ places, onSoon, onRuleset, onGone, signal }: TriggerListener): {
  ensure(): Promise<void>
  /** {@link RulesetFollower.unheard} */
  readonly unheard: RulesetFollower['unheard']
} {
  const links = new Map<string, string>()
  const instances = followInstanceFiles(places.ganetiRoot, onSoon, signal)
  const own = [places.stancesFile, places.configFile].map((file) => path.basename(file))
  const watched: readonly (readonly [string, (name: string) => boolean])[] = [
    [path.dirname(places.stancesFile), (name) => own.includes(name)],
    [places.tagsSpool, (name) => /^[^.].*\.json$/.test(name)],
  ]
  const folders = watched.map(([folder, counts]) =>
    createDirectoryFollower(folder, (name) => {
      if (name === undefined || counts(name)) onSoon()
    }),
  )

  /** The kernel tells of much that no NIC depends on. */
  function onLink({ name, ifindex, mac, mtu, isUp, masterIndex }: Link): void {
    const text = JSON.stringify([ifindex, mac, mtu, isUp, masterIndex])
    if (links.get(name) === text) return
    links.set(name, text)
    onSoon()
  }

  const { unheard } = followRuleset({ onChange: onRuleset, signal })
  followLinks({
    onLink,
    onGone(_, name) {
      links.delete(name)
      onGone(name)
    },
    onResync: onSoon,
    signal,
  })
  signal.addEventListener(
    'abort',
    () => {
      for (const folder of folders) folder.close()
    },
    { once: true },
  )
  return {
    unheard,
    async ensure() {
      const states = await Promise.all(folders.map((folder) => folder.ensure()))
      if ((await instances.ensure()) || states.includes('new')) onSoon()
    },
  }
}
