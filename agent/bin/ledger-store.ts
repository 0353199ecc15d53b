import { createLedger, type Ledger } from '#progress/ledger.js'
import { parseLedgerSnapshot } from '#progress/ledger-snapshot.js'
import type { Log } from '#service/log.js'
import { loadState, type SaveStep, saveState } from '#service/state-file.js'

/** What is remembered of a cluster: the ledger, and what this node was in it. */
export interface Memory {
  readonly clusterUuid: string
  readonly ledger: Ledger
  /** Whether a first scan has closed what is old. Until then each start is a first start. */
  readonly hasBaseline: boolean
  /** Whether this node was the master when it looked last. */
  readonly wasMaster: boolean
  /** Highest job number that this node tells although it is not the master: what was there when it ceased to be. */
  readonly owedUpTo: number
}

/** The ledger and the file that it is kept in. */
export interface LedgerStore {
  /** What is remembered of this cluster; something new when the saved memory is of another one, or there is none. */
  memoryOf(clusterUuid: string): Memory
  /** What is remembered now, of whichever cluster. */
  current(): Memory | undefined
  /** Remembers changes, and that there is something to save. */
  touch(changes?: Partial<Pick<Memory, 'hasBaseline' | 'wasMaster' | 'owedUpTo'>>): void
  /**
   * Writes the file when something changed; skipped while the last try is younger than `minAgeMs`. A failure (full disk) is logged
   * and tried again at the next call: until then a crash would tell facts again.
   */
  save(minAgeMs?: number): Promise<void>
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
  let kept = parseMemory(value)
  if (wasDamaged || (value !== undefined && kept === undefined))
    log('error', 'ledger-damaged', { file })
  let isTouched = false
  let hasFailed = false
  let savedAtMs = Number.NEGATIVE_INFINITY

  return {
    memoryOf(clusterUuid) {
      if (kept?.clusterUuid !== clusterUuid) kept = newMemory(clusterUuid)
      return kept
    },
    current: () => kept,
    touch(changes) {
      if (kept !== undefined) kept = { ...kept, ...changes }
      isTouched = true
    },
    async save(minAgeMs = 0) {
      if (!isTouched || kept === undefined || performance.now() - savedAtMs < minAgeMs) return
      isTouched = false
      savedAtMs = performance.now()
      try {
        await saveState(file, { ...kept, ledger: kept.ledger.snapshot() }, onStep)
        hasFailed = false
      } catch (error) {
        if (!hasFailed) log('error', 'ledger-not-saved', { file, error: String(error) })
        hasFailed = true
        isTouched = true
      }
    },
  }
}

function newMemory(clusterUuid: string): Memory {
  const nothing = { hasBaseline: false, wasMaster: false, owedUpTo: 0 }
  return { clusterUuid, ledger: createLedger(), ...nothing }
}

function parseMemory(value: unknown): Memory | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { clusterUuid, wasMaster, ledger, ...more } = value as Partial<Record<string, unknown>>
  const { hasBaseline = wasMaster, owedUpTo = 0 } = more // files of the first versions have neither
  const snapshot = parseLedgerSnapshot(ledger)
  if (typeof clusterUuid !== 'string' || snapshot === undefined) return undefined
  if (typeof wasMaster !== 'boolean' || typeof hasBaseline !== 'boolean') return undefined
  if (!Number.isSafeInteger(owedUpTo)) return undefined
  const numbers = { owedUpTo: Number(owedUpTo) }
  return { clusterUuid, wasMaster, hasBaseline, ...numbers, ledger: createLedger(snapshot) }
}
