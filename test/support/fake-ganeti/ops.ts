import { randomUUID } from 'node:crypto'
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '#ganeti/json-value.js'
import {
  addInstance,
  type FakeConfig,
  type FakeInstance,
  type FakeNetwork,
  type FakeNic,
  type FakeOp,
} from './model.js'

/** How an op fails, as its result has it. */
export class OpFailure extends Error {
  readonly kind: string
  readonly details: readonly string[]
  constructor(kind: string, ...details: readonly string[]) {
    super(details[0])
    this.kind = kind
    this.details = details
  }
}

type World = FakeConfig

/** Does what an op says. @returns its result @throws OpFailure */
export function runOp(world: World, { opcode, input }: FakeOp): JsonValue {
  switch (opcode) {
    case 'OP_INSTANCE_CREATE':
      return create(world, input)
    case 'OP_INSTANCE_REMOVE':
      world.instances.delete(instanceOf(world, input).name)
      return null
    case 'OP_INSTANCE_STARTUP':
    case 'OP_INSTANCE_REBOOT':
      return setUp(instanceOf(world, input), true)
    case 'OP_INSTANCE_SHUTDOWN':
      return setUp(instanceOf(world, input), false)
    case 'OP_INSTANCE_REINSTALL':
      return reinstall(instanceOf(world, input), input)
    case 'OP_INSTANCE_SET_PARAMS':
      return setParams(world, instanceOf(world, input), input)
    case 'OP_TAGS_SET':
    case 'OP_TAGS_DEL':
      return changeTags(instanceOf(world, { instance_name: input['name'] ?? null }), opcode, input)
    case 'OP_NETWORK_ADD':
      return addNetwork(world, input)
    case 'OP_NETWORK_CONNECT':
      return connect(networkOf(world, input), input)
    case 'OP_NETWORK_DISCONNECT':
      return disconnect(networkOf(world, input), input)
    case 'OP_NETWORK_REMOVE':
      return removeNetwork(world, networkOf(world, input))
    default:
      throw new OpFailure('OpExecError', `no such op here: ${opcode}`)
  }
}

function create(world: World, input: JsonObject): JsonValue {
  const name = text(input['instance_name'])
  if (world.instances.has(name)) {
    const why = `Instance '${name}' is already in the cluster`
    throw new OpFailure('OpPrereqError', why, 'already_exists')
  }
  const be = objectOf(input['beparams'])
  const disks = isJsonArray(input['disks']) ? input['disks'] : []
  const nics = isJsonArray(input['nics']) ? input['nics'] : []
  addInstance(world, name, {
    isUp: input['start'] === true,
    isRunning: input['start'] === true,
    vcpus: Number(be['vcpus'] ?? 1),
    ramMib: Number(be['maxmem'] ?? 128),
    os: text(input['os_type']),
    diskTemplate: text(input['disk_template']),
    diskMib: disks.map((disk) => Number(objectOf(disk)['size'])),
    nics: nics.map((nic) => makeNic(world, objectOf(nic))),
    tags: new Set(textsOf(input['tags'])),
  })
  return ['n1.lab.example']
}

function makeNic(world: World, params: JsonObject): FakeNic {
  const network = params['network'] === undefined ? null : text(params['network'])
  if (network !== null && (world.networks.get(network)?.groups.size ?? 0) === 0) {
    const why = `Network '${network}' not found or not connected`
    throw new OpFailure('OpPrereqError', why, 'unknown_entity')
  }
  return {
    name: typeof params['name'] === 'string' ? params['name'] : null,
    uuid: randomUUID(),
    mac: `aa:00:00:${randomUUID()
      .slice(0, 6)
      .replace(/(..)(?=.)/g, '$1:')}`,
    ip: typeof params['ip'] === 'string' ? params['ip'] : null,
    network,
  }
}

function setUp(instance: FakeInstance, isUp: boolean): JsonValue {
  instance.isUp = isUp
  instance.isRunning = isUp
  return touched(instance)
}

function reinstall(instance: FakeInstance, input: JsonObject): JsonValue {
  if (instance.isRunning) {
    throw new OpFailure('OpPrereqError', 'Instance is running, can not reinstall', 'wrong_state')
  }
  if (typeof input['os_type'] === 'string') instance.os = input['os_type']
  return touched(instance)
}

function setParams(world: World, instance: FakeInstance, input: JsonObject): JsonValue {
  const be = objectOf(input['beparams'])
  if (be['vcpus'] !== undefined) instance.vcpus = Number(be['vcpus'])
  if (be['maxmem'] !== undefined) instance.ramMib = Number(be['maxmem'])
  for (const change of isJsonArray(input['nics']) ? input['nics'] : []) {
    const [op, identifier, params] = isJsonArray(change) ? change : []
    if (op === 'add') {
      const nic = makeNic(world, objectOf(params))
      if (instance.nics.some(({ name }) => name === nic.name)) {
        throw new OpFailure('OpPrereqError', `NIC name '${nic.name}' already used`, 'not_unique')
      }
      instance.nics = [...instance.nics, nic]
    } else {
      const rest = instance.nics.filter(({ name }) => name !== identifier)
      if (rest.length === instance.nics.length) {
        throw new OpFailure('OpPrereqError', `No NIC with identifier ${identifier} found`)
      }
      instance.nics = rest
    }
  }
  touched(instance)
  return []
}

function changeTags(instance: FakeInstance, opcode: string, input: JsonObject): JsonValue {
  for (const tag of textsOf(input['tags'])) {
    if (opcode === 'OP_TAGS_SET') instance.tags.add(tag)
    else if (!instance.tags.delete(tag)) {
      throw new OpFailure('OpPrereqError', `Tag(s) '${tag}' not found`, 'unknown_entity')
    }
  }
  return touched(instance)
}

function addNetwork({ networks }: World, input: JsonObject): JsonValue {
  const name = text(input['network_name'])
  if (networks.has(name)) {
    throw new OpFailure(
      'OpPrereqError',
      `Desired network name '${name}' already exists as a network`,
    )
  }
  const tags = textsOf(input['tags'])
  networks.set(name, {
    name,
    uuid: randomUUID(),
    cidr: text(input['network']),
    tags,
    groups: new Map(),
  })
  return null
}

function connect(network: FakeNetwork, input: JsonObject): JsonValue {
  const group = text(input['group_name'])
  // Ganeti only warns when it is connected already.
  network.groups.set(group, {
    mode: text(input['network_mode']),
    link: text(input['network_link']),
  })
  return null
}

function disconnect(network: FakeNetwork, input: JsonObject): JsonValue {
  network.groups.delete(text(input['group_name']))
  return null
}

function removeNetwork({ networks }: World, network: FakeNetwork): JsonValue {
  if (network.groups.size > 0) {
    throw new OpFailure('OpPrereqError', `Network '${network.name}' is connected`, 'wrong_state')
  }
  networks.delete(network.name)
  return null
}

function touched(instance: FakeInstance): null {
  instance.serial += 1
  instance.mtime = Date.now() / 1000
  return null
}

function instanceOf({ instances }: World, input: JsonObject): FakeInstance {
  const name = text(input['instance_name'])
  const instance = instances.get(name)
  if (instance !== undefined) return instance
  throw new OpFailure('OpPrereqError', `Instance '${name}' not known`, 'unknown_entity')
}

function networkOf({ networks }: World, input: JsonObject): FakeNetwork {
  const name = text(input['network_name'])
  const network = networks.get(name)
  if (network !== undefined) return network
  throw new OpFailure('OpPrereqError', `Network '${name}' not found`, 'unknown_entity')
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return isJsonArray(value) ? value.map(text) : []
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
