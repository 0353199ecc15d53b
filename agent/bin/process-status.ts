import type { NodeConfig } from '#service/node-config.js'
import { packageVersion } from '#service/version.js'

/** What every role says of its process. */
export interface ProcessStatus {
  readonly version: string
  /** Version of Node.js, `20.19.2`. */
  readonly node_version: string
  /** Digest of the configuration that it was started with. */
  readonly config: string
  readonly pid: number
  readonly rssBytes: number
  readonly heapBytes: number
  readonly externalBytes: number
  readonly uptimeSeconds: number
}

/** How this process is now. */
export function processStatus({ digest }: Pick<NodeConfig, 'digest'>): ProcessStatus {
  const { rss, heapTotal, external } = process.memoryUsage()
  return {
    version: packageVersion(),
    node_version: process.versions.node,
    config: digest.all,
    pid: process.pid,
    rssBytes: rss,
    heapBytes: heapTotal,
    externalBytes: external,
    uptimeSeconds: Math.round(process.uptime()),
  }
}

/** One line of it, for people. */
export function describeProcess(status: ProcessStatus & { readonly role: string }): string {
  return `${status.role}, version ${status.version}, pid ${status.pid}, up ${status.uptimeSeconds} s, ${mebibytes(status.rssBytes)}`
}

/** A number of bytes, for people. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}
