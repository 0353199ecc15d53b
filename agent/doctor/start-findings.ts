import { broken, type Finding, note } from './finding.js'

/** What `okeanid nic up` goes by when Ganeti starts an instance, beside what Ganeti says. */
export interface StartFacts {
  /** Its script, and whether there is bytecode of it for this Node; undefined where it is not installed. */
  readonly bytecode: { readonly bundle: string; readonly isThere: boolean } | undefined
  /** Folders that the configuration names, in whose place `nic up` takes the usual ones: it reads no configuration. */
  readonly movedFolders: readonly {
    readonly key: string
    readonly folder: string
    readonly usual: string
  }[]
}

/** Whether instances start as quickly as they may, and whether their NICs and the roles meet in the same folders. */
export function startFindings(facts: StartFacts | undefined): readonly Finding[] {
  if (facts === undefined) return []
  const { bytecode, movedFolders } = facts
  return [
    ...movedFolders.map(({ key, folder, usual }) =>
      broken(
        'starts',
        `[agent] ${key} is ${folder}, but okeanid nic up, which Ganeti runs, reads no configuration and goes by ${usual}: new NICs are decided without it and served by nobody`,
        `leave ${key} as it is by default, and mount or bind what ${usual} shall be`,
      ),
    ),
    ...(bytecode === undefined || bytecode.isThere
      ? []
      : [
          note(
            'starts',
            'nic up has no bytecode for this Node: each start of a NIC takes some 14 ms more',
            `node ${bytecode.bundle.replace(/[^/]*$/, 'bytecode.mjs')} ${bytecode.bundle}`,
          ),
        ]),
  ]
}
