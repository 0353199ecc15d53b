import { readFileSync } from 'node:fs'
import { macNumber, parseMac } from '#addr/mac.js'
import { formatProblem } from '#binding/binding.js'
import type { NicService } from '#binding/service.js'
import type { NicDevice } from '#responder/outcome.js'
import type { NodeConfig } from '#service/node-config.js'
import { type BindingsOptions, followBindings } from '#watch/bindings.js'
import { pathsOf } from './paths.js'

/** Where a configuration has its bindings, and what holds for all of them. */
export function bindingSources(
  config: NodeConfig,
): Pick<BindingsOptions, 'nicsDirectory' | 'nfdhcpdDirectory' | 'defaults' | 'rescanMs'> {
  return {
    nicsDirectory: pathsOf(config).nicsDirectory,
    nfdhcpdDirectory: config.responder.nfdhcpd_directory,
    defaults: config.serving,
    rescanMs: config.responder.rescan.ms,
  }
}

/** What the bindings on this host say at one moment. */
export interface ServicesNow {
  readonly services: readonly NicService[]
  /** Folders that are not there or cannot be read. */
  readonly missing: readonly string[]
  /** Files that cannot be used, or not wholly: `file: what is wrong`. */
  readonly problems: readonly string[]
}

/** Reads all bindings once, as a running role does. */
export async function readServices(config: NodeConfig): Promise<ServicesNow> {
  const services = new Map<string, NicService>()
  const missing: string[] = []
  const problems: string[] = []
  const stop = new AbortController()
  const bindings = followBindings({
    ...bindingSources(config),
    signal: stop.signal,
    onNotice(notice) {
      if (notice.kind === 'missing-directory' || notice.kind === 'unreadable-directory')
        missing.push(notice.directory)
      else if (notice.kind === 'unusable' || notice.kind === 'flawed')
        problems.push(...notice.problems.map((it) => `${notice.file}: ${formatProblem(it)}`))
      else if (notice.kind === 'loaded') stop.abort()
    },
  })
  for await (const changes of bindings) {
    for (const change of changes) {
      if (change.kind === 'set') services.set(change.file, change.service)
      else services.delete(change.file)
    }
  }
  return { services: [...services.values()], missing, problems }
}

/** A NIC's devices as they are on this host; where there are none, what they might be. */
export function deviceOf({ tap, mac, sourceDevice }: NicService): NicDevice {
  const source = parseMac(readAttribute(sourceDevice, 'address') ?? '') ?? mac
  return { sourceMac: macNumber(source), mtu: Number(readAttribute(tap, 'mtu') ?? 1500) }
}

function readAttribute(device: string, name: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${device}/${name}`, 'utf8').trim()
  } catch {
    return undefined // no such device here: explaining works on any host
  }
}
