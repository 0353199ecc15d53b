import { broken, type Finding, note } from './finding.js'

/** Where messages and what is desired of NICs are kept. */
export interface DiskFacts {
  readonly directory: string
  /** Undefined when it is not there or cannot be looked at. */
  readonly space:
    | {
        readonly isTmpfs: boolean
        readonly availableBytes: number
        readonly freeInodes: number
        /** 0 for file systems that have no fixed number. */
        readonly totalInodes: number
      }
    | undefined
  /** Folders by which roles meet. */
  readonly spools: readonly {
    readonly path: string
    /** Undefined when it is not there. */
    readonly mode: number | undefined
  }[]
}

/** An hour without a broker on a busy cluster is some ten MiB; below that job files soon wait for space. */
const lowBytes = 64 * 1024 ** 2

const lowInodes = 1000

/** Whether what must survive can be kept, and whether roles can meet. */
export function diskFindings({ directory, space, spools }: DiskFacts): readonly Finding[] {
  const isHere = spools.some(({ mode }) => mode !== undefined)
  return [
    ...(space === undefined
      ? [
          broken(
            'disk',
            `${directory} is not there`,
            'systemd-tmpfiles --create okeanid.conf makes it; or set [agent] state_directory',
          ),
        ]
      : spaceFindings(directory, space)),
    ...spools.flatMap(({ path, mode }) => {
      if (mode === undefined)
        return isHere
          ? [
              broken(
                'spool',
                `${path} is not there: what is left there for another role is lost`,
                'systemd-tmpfiles --create okeanid.conf',
              ),
            ]
          : []
      return (mode & 0o002) === 0
        ? []
        : [
            broken(
              'spool',
              `everybody on this host may write to ${path}, and have events told`,
              `chmod o-rwx ${path}; systemd-tmpfiles --create okeanid.conf sets owner and mode`,
            ),
          ]
    }),
  ]
}

function spaceFindings(
  directory: string,
  { isTmpfs, availableBytes, freeInodes, totalInodes }: NonNullable<DiskFacts['space']>,
): readonly Finding[] {
  return [
    ...(isTmpfs
      ? [
          broken(
            'disk',
            `${directory} is in memory (tmpfs): messages that wait and what was told are gone after a reboot`,
            'put it on a disk; only /run/okeanid may be in memory',
          ),
        ]
      : []),
    ...(availableBytes < lowBytes
      ? [
          broken(
            'disk',
            `${Math.floor(availableBytes / 1024 ** 2)} MiB are left for ${directory}: when it is full nothing is taken from the job queue`,
            `make room there; du -xsh ${directory}/* says whether it is ours, okeanid outbox list why`,
          ),
        ]
      : []),
    ...(totalInodes > 0 && freeInodes < lowInodes
      ? [
          note(
            'disk',
            `${freeInodes} files more can be made where ${directory} is`,
            'df -i; spools and records of NICs are small files',
          ),
        ]
      : []),
  ]
}
