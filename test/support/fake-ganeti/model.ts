import { randomUUID } from 'node:crypto'
import type { JsonObject } from '#ganeti/json-value.js'

/** A network interface as it has it. */
export interface FakeNic {
  readonly name: string | null
  readonly uuid: string
  readonly mac: string
  readonly ip: string | null
  readonly network: string | null
}

/** An instance as it has it. */
export interface FakeInstance {
  readonly name: string
  readonly uuid: string
  serial: number
  mtime: number
  readonly ctime: number
  isUp: boolean
  isRunning: boolean
  vcpus: number
  ramMib: number
  os: string
  readonly diskTemplate: string
  readonly diskMib: readonly number[]
  readonly node: string
  nics: readonly FakeNic[]
  readonly tags: Set<string>
}

/** A network as it has it. */
export interface FakeNetwork {
  readonly name: string
  readonly uuid: string
  readonly cidr: string
  readonly tags: readonly string[]
  readonly groups: Map<string, { readonly mode: string; readonly link: string }>
}

/** What an op is asked. */
export interface FakeOp {
  readonly opcode: string
  readonly input: JsonObject
}

/** What a cluster's configuration holds. */
export interface FakeConfig {
  readonly instances: Map<string, FakeInstance>
  readonly networks: Map<string, FakeNetwork>
}

/** An instance that somebody else made. */
export function addInstance(
  { instances }: Pick<FakeConfig, 'instances'>,
  name: string,
  given: Partial<FakeInstance> = {},
): FakeInstance {
  const nowSeconds = Date.now() / 1000
  const instance: FakeInstance = {
    name,
    uuid: randomUUID(),
    serial: 1,
    ctime: nowSeconds,
    mtime: nowSeconds,
    isUp: true,
    isRunning: true,
    vcpus: 1,
    ramMib: 512,
    os: 'noop+default',
    diskTemplate: 'diskless',
    diskMib: [],
    node: 'n1.lab.example',
    nics: [],
    tags: new Set(),
    ...given,
  }
  instances.set(name, instance)
  return instance
}
