import { createLedger, type Ledger, parseLedgerSnapshot } from '#progress/ledger.js'
import type { Log } from '#service/log.js'
import { loadState, type SaveStep, saveState } from '#service/state-file.js'

/** The ledger and the file that it is kept in. */
export interface LedgerStore {
  /** The ledger for this cluster; a new one when the saved one belongs to another cluster, or to none. */
  ledgerFor(clusterUuid: string): {
    readonly ledger: Ledger
    readonly wasMaster: boolean
    readonly isNew: boolean
  }
  /** Remembers that there is something to save, and whether this node is the master. */
  touch(isMaster: boolean): void
  /**
   * Writes the file when something changed; skipped while the last try is younger than `minAgeMs`. A failure (full disk) is logged
   * and tried again at the next call: until then a crash would tell facts again.
   */
  save(minAgeMs?: number): Promise<void>
}

interface Saved {
  readonly clusterUuid: string
  readonly wasMaster: boolean
  readonly ledger: Ledger
}

/**
 * Opens the store. What was saved may be older than what the outbox holds, by about a second: after a crash those facts are
 * told once more, with the same ids. A damaged file counts as none.
 */
export async function openLedgerStore(
  file: string,
  log: Log,
  onStep?: (step: SaveStep) => void,
): Promise<LedgerStore> {
  const { value, wasDamaged } = await loadState(file)
  let kept = parseSaved(value)
  if (wasDamaged || (value !== undefined && kept === undefined))
    log('error', 'ledger-damaged', { file })
  let isTouched = false
  let hasFailed = false
  let savedAtMs = Number.NEGATIVE_INFINITY

  return {
    ledgerFor(clusterUuid) {
      if (kept?.clusterUuid === clusterUuid) return { ...kept, isNew: false }
      kept = { clusterUuid, wasMaster: false, ledger: createLedger() }
      return { ...kept, isNew: true }
    },
    touch(isMaster) {
      if (kept !== undefined) kept = { ...kept, wasMaster: isMaster }
      isTouched = true
    },
    async save(minAgeMs = 0) {
      if (!isTouched || kept === undefined || performance.now() - savedAtMs < minAgeMs) return
      isTouched = false
      savedAtMs = performance.now()
      const { clusterUuid, wasMaster, ledger } = kept
      try {
        await saveState(file, { clusterUuid, wasMaster, ledger: ledger.snapshot() }, onStep)
        hasFailed = false
      } catch (error) {
        if (!hasFailed) log('error', 'ledger-not-saved', { file, error: String(error) })
        hasFailed = true
        isTouched = true
      }
    },
  }
}

function parseSaved(value: unknown): Saved | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { clusterUuid, wasMaster, ledger } = value as Partial<Record<string, unknown>>
  const snapshot = parseLedgerSnapshot(ledger)
  if (typeof clusterUuid !== 'string' || typeof wasMaster !== 'boolean' || snapshot === undefined)
    return undefined
  return { clusterUuid, wasMaster, ledger: createLedger(snapshot) }
}
