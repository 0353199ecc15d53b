import { applyScripts } from '#kernel/apply-scripts.js'
import { framesFromGuest } from '#kernel/tap-now.js'
import { nftTable } from '#nic/queueing/nft.js'
import { graceScript } from '#nic/rules/learn.js'
import { shared } from '#nic/rules/names.js'
import type { ComparedNic, Comparison } from './repair-pass.js'

/** How long after its set-up a NIC counts as one that has just come here. */
const recentSeconds = 300

/**
 * Guests that migrate to this node. They do not test their IPv6 addresses again (RFC 4862 5.4 is for a link that comes up, and for them
 * none does), so where addresses are learnt they are let go on for a while with what they can show.
 */
export interface MovedGuests {
  /** Gives what is due; true when somebody is still on the way, who will want it again. */
  give(comparison: Comparison): Promise<boolean>
}

/** Nobody has moved yet. */
export function createMovedGuests(): MovedGuests {
  const given = new Set<string>()
  return {
    async give({ nics, incoming, nowSeconds }) {
      const coming = nics.filter(({ nic, decided }) => {
        const policy = decided?.desired.guard.sources6.policy
        return incoming.has(nic.instance) && policy === 'learn'
      })
      const waiting = coming.filter(({ nic }) => framesFromGuest(nic.tap) === 0)
      const fresh = coming.filter(
        (compared) =>
          !given.has(keyOf(compared)) &&
          nowSeconds - (compared.record?.atSeconds ?? 0) < recentSeconds,
      )
      const due = [...new Set([...waiting, ...fresh])].filter(({ record }) => record !== undefined)
      if (due.length > 0) {
        // an element that is there keeps its time, so it goes first
        await applyScripts(
          due.map(({ nic }) => {
            const element = `delete element netdev ${nftTable} ${shared.grace} { "${nic.tap}" }`
            return `${graceScript(nic.tap)}${element}\n`
          }),
        )
        await applyScripts(due.map(({ nic }) => graceScript(nic.tap)))
      }
      for (const compared of due) given.add(keyOf(compared))
      return waiting.length > 0
    },
  }
}

/** A tap, and not a later one of its name. */
function keyOf({ nic, record }: ComparedNic): string {
  return `${nic.tap} ${record?.ifindex}`
}
