import path from 'node:path'

/** Where `nic up` and `nic down` find and leave things. They read no configuration, so these are fixed but for tests. */
export interface NicPlaces {
  /** The compiled configuration. */
  readonly configFile: string
  readonly stancesFile: string
  /** One record a NIC. */
  readonly recordsDirectory: string
  /** Bindings, for the responder. */
  readonly nicsDirectory: string
  /** Below it are locks. */
  readonly runtimeDirectory: string
  /** Events. */
  readonly spoolDirectory: string
  /** Lets guests start although their NICs cannot be set up. */
  readonly breakGlassFile: string
}

/** The folders that are taken where nothing else is said. */
export const usualFolders = { state: '/var/lib/okeanid', runtime: '/run/okeanid' } as const

/** The places below a state directory (`/var/lib/okeanid`) and a runtime directory (`/run/okeanid`). */
export function nicPlaces({
  stateDirectory = usualFolders.state,
  runtimeDirectory = usualFolders.runtime,
  breakGlassFile = '/etc/okeanid/break-glass',
}: {
  readonly stateDirectory?: string | undefined
  readonly runtimeDirectory?: string | undefined
  readonly breakGlassFile?: string | undefined
} = {}): NicPlaces {
  const own = path.join(stateDirectory, 'nics')
  return {
    configFile: path.join(own, 'config.json'),
    stancesFile: path.join(own, 'stances.json'),
    recordsDirectory: path.join(own, 'taps'),
    nicsDirectory: path.join(runtimeDirectory, 'nics'),
    runtimeDirectory,
    spoolDirectory: path.join(stateDirectory, 'spool/nics'),
    breakGlassFile,
  }
}
