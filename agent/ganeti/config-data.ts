import { createJsonScanner } from './json-scanner.js'

/** Looks for the cluster's UUID in `config.data`, slice by slice. */
export interface ClusterUuidFinder {
  /** Reads the next slice; true when there is no need for more. */
  write(slice: Uint8Array): boolean
  /** The UUID, or undefined when it was not in what was read. */
  uuid(): string | undefined
}

/**
 * Opens a search for `cluster.uuid`. The file holds secrets (`osparams_private_cluster`) and may have many megabytes:
 * nothing else of it is built.
 */
export function createClusterUuidFinder(): ClusterUuidFinder {
  let uuid: string | undefined
  const scanner = createJsonScanner(
    {
      choose(path) {
        if (path.length === 1) return path[0] === 'cluster' ? 'enter' : 'skip'
        return path[1] === 'uuid' ? 'take' : 'skip'
      },
      take(_path, value) {
        if (typeof value === 'string' && /^[0-9a-fA-F-]{8,64}$/.test(value)) uuid = value
      },
    },
    1024,
  )
  return {
    write(slice) {
      scanner.write(slice)
      return uuid !== undefined
    },
    uuid: () => uuid,
  }
}
