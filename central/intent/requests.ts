import type { JsonObject, JsonValue } from '#ganeti/json-value.js'
import type { RapiRequest } from './rapi-request.js'

/** A network interface that is to be made. */
export interface WantedNic {
  readonly name: string
  /** Ganeti's name of the network. */
  readonly network: string
  /** `null`: it has none, or gets it by other means. */
  readonly ip: string | null
}

/** What an instance is to be. */
export interface WantedInstance {
  readonly name: string
  readonly osType: string
  readonly osparams: JsonObject
  /** Ganeti keeps these out of its job files; only at creation. */
  readonly osparamsSecret?: JsonObject
  readonly hvparams?: JsonObject
  readonly vcpus: number
  readonly ramMib: number
  /** 0: none. */
  readonly diskGib: number
  readonly diskTemplate: string
  readonly nics: readonly WantedNic[]
  readonly tags: readonly string[]
  readonly hypervisor?: string
  /** The job lasts until its disks are in sync. */
  readonly waitForSync?: boolean
}

const mibPerGib = 1024

/** Makes an instance and starts it; its node is chosen by the cluster's allocator. */
export function createInstance(wanted: WantedInstance): RapiRequest {
  const { name, osType, osparams, osparamsSecret, hvparams, hypervisor } = wanted
  const isDiskless = wanted.diskTemplate === 'diskless' || wanted.diskGib === 0
  return {
    method: 'POST',
    path: '/2/instances',
    body: {
      __version__: 1,
      mode: 'create',
      name,
      os_type: osType,
      osparams,
      ...(osparamsSecret === undefined ? {} : { osparams_secret: osparamsSecret }),
      ...(hypervisor === undefined ? {} : { hypervisor }),
      ...(hvparams === undefined ? {} : { hvparams }),
      beparams: beparams(wanted),
      disk_template: isDiskless ? 'diskless' : wanted.diskTemplate,
      disks: isDiskless ? [] : [{ size: wanted.diskGib * mibPerGib }],
      nics: wanted.nics.map(nicParams),
      tags: wanted.tags,
      start: true,
      wait_for_sync: wanted.waitForSync ?? false,
      name_check: false,
      ip_check: false,
      // That somebody else's address is asked for is refused by our pools; Ganeti would also look at networks without one.
      conflicts_check: false,
    },
  }
}

/** Removes an instance and its disks. It is not given time to shut down. */
export function deleteInstance(name: string): RapiRequest {
  return { method: 'DELETE', path: instance(name), body: { shutdown_timeout: 0 } }
}

/** Starts an instance. */
export function startup(name: string): RapiRequest {
  return { method: 'PUT', path: instance(name, 'startup'), body: {} }
}

/** Asks the guest to shut down, and pulls the plug when it did not in time. */
export function shutdown(
  name: string,
  { timeoutSeconds }: { readonly timeoutSeconds?: number } = {},
): RapiRequest {
  const body = timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds }
  return { method: 'PUT', path: instance(name, 'shutdown'), body }
}

/** Stops and starts an instance; a hard one does not wait for the guest. */
export function reboot(name: string, { isHard }: { readonly isHard: boolean }): RapiRequest {
  return {
    method: 'POST',
    path: instance(name, 'reboot'),
    query: { type: 'hard' },
    body: isHard ? { shutdown_timeout: 0 } : {},
  }
}

/** Gives an instance other CPUs and memory; they count from its next start. */
export function setBackend(
  name: string,
  size: { readonly vcpus: number; readonly ramMib: number },
): RapiRequest {
  return modify(name, { beparams: beparams(size) })
}

/** Adds an interface, at once where the instance runs (`for-version.ts`). */
export function addNic(name: string, { nic }: { readonly nic: WantedNic }): RapiRequest {
  return modify(name, { nics: [['add', -1, nicParams(nic)]] })
}

/** Removes the interface of this name. */
export function removeNic(name: string, nicName: string): RapiRequest {
  return modify(name, { nics: [['remove', nicName, {}]] })
}

/**
 * Installs an instance anew, and starts it. Ganeti takes neither a reason nor dependencies here, nor parameters that are kept
 * secret (`lib/rapi/rlib2.py`, `_ParseInstanceReinstallRequest`).
 */
export function reinstall(
  name: string,
  { osType, osparams }: { readonly osType: string; readonly osparams: JsonObject },
): RapiRequest {
  const body = { os: osType, osparams, start: true }
  return { method: 'POST', path: instance(name, 'reinstall'), body }
}

/** Adds tags to an instance. */
export function addTags(name: string, tags: readonly string[]): RapiRequest {
  return { method: 'PUT', path: instance(name, 'tags'), query: { tag: tags }, body: {} }
}

/** Takes tags off an instance, all of which it must have. */
export function removeTags(name: string, tags: readonly string[]): RapiRequest {
  return { method: 'DELETE', path: instance(name, 'tags'), query: { tag: tags }, body: {} }
}

/** A network that is to be made. */
export interface WantedNetwork {
  readonly name: string
  /** IPv4 network; Ganeti needs one even where nobody gets an address of it. */
  readonly cidr: string
  readonly gateway?: string
  readonly cidr6?: string
  readonly gateway6?: string
  /** Three octets, `aa:00:12`. */
  readonly macPrefix?: string
  readonly tags: readonly string[]
}

/** Makes a network, which is of no use before it is connected to a group of nodes. */
export function createNetwork(wanted: WantedNetwork): RapiRequest {
  const { name, cidr, gateway, cidr6, gateway6, macPrefix, tags } = wanted
  return {
    method: 'POST',
    path: '/2/networks',
    body: {
      network_name: name,
      network: cidr,
      ...(gateway === undefined ? {} : { gateway }),
      ...(cidr6 === undefined ? {} : { network6: cidr6 }),
      ...(gateway6 === undefined ? {} : { gateway6 }),
      ...(macPrefix === undefined ? {} : { mac_prefix: macPrefix }),
      tags,
      conflicts_check: false,
    },
  }
}

/** Connects a network to a group of nodes. */
export function connectNetwork(
  name: string,
  how: { readonly group: string; readonly mode: string; readonly link: string },
): RapiRequest {
  return {
    method: 'PUT',
    path: network(name, 'connect'),
    body: {
      group_name: how.group,
      network_mode: how.mode,
      network_link: how.link,
      conflicts_check: false,
    },
  }
}

/** Takes a network off a group of nodes. */
export function disconnectNetwork(
  name: string,
  { group }: { readonly group: string },
): RapiRequest {
  return { method: 'PUT', path: network(name, 'disconnect'), body: { group_name: group } }
}

/** Removes a network that is connected to no group. */
export function deleteNetwork(name: string): RapiRequest {
  return { method: 'DELETE', path: network(name), body: {} }
}

/** Encodes one part of a path. */
function part(text: string): string {
  return encodeURIComponent(text)
}

function instance(name: string, verb?: string): string {
  return `/2/instances/${part(name)}${verb === undefined ? '' : `/${verb}`}`
}

function network(name: string, verb?: string): string {
  return `/2/networks/${part(name)}${verb === undefined ? '' : `/${verb}`}`
}

function modify(name: string, body: JsonObject): RapiRequest {
  return { method: 'PUT', path: instance(name, 'modify'), body }
}

function beparams(size: { readonly vcpus: number; readonly ramMib: number }): JsonObject {
  return { vcpus: size.vcpus, minmem: size.ramMib, maxmem: size.ramMib }
}

function nicParams({ name, network, ip }: WantedNic): JsonObject {
  const params: Record<string, JsonValue> = { name, network }
  if (ip !== null) params['ip'] = ip
  return params
}
