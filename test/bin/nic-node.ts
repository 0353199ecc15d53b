import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { openSpace } from '../support/space.js'

/** What Ganeti says of a bridged NIC. */
export const bridged = {
  INSTANCE: 'vm1.example.com',
  MAC: 'aa:00:01:00:00:01',
  MODE: 'bridged',
  LINK: 'br0',
  BRIDGE: 'br0',
  VLAN: '',
  TAGS: '',
  INTERFACE: 'tap0',
  INTERFACE_INDEX: '0',
  INTERFACE_UUID: 'e6875e8f-ba79-460d-965d-e9c75ddf2afe',
  IP: '192.0.2.2',
  NETWORK_NAME: 'pub',
  NETWORK_UUID: '5d328a02-7063-4a18-9e5c-4715566db1ab',
  NETWORK_TAGS: 'nfdhcpd',
  NETWORK_SUBNET: '192.0.2.0/24',
  NETWORK_GATEWAY: '192.0.2.1',
}

const { BRIDGE: _, ...unbridged } = bridged
/** The same NIC, routed by table 100. */
export const routed = { ...unbridged, MODE: 'routed', LINK: '100' }

const program = path.resolve('dist/agent/bin/okeanid.js')

/** Variables of a NIC script, by name. */
export type Variables = Readonly<Record<string, string>>

/** A node without Ganeti: a bridge, taps, folders; `nic` is the section of the compiled configuration. */
export async function openNode(t: Test, nic: Variables = {}) {
  const space = await openSpace('nic')
  t.teardown(() => space[Symbol.asyncDispose]())
  await space.sh(`
    ip link add br0 type bridge && ip link set br0 up
    for tap in tap0 tap1; do ip tuntap add $tap mode tap; done
    ip route add default dev br0 table 100`)
  const state = path.join(space.directory, 'lib')
  const runtime = path.join(space.directory, 'okeanid')
  const glass = path.join(space.directory, 'break-glass')
  for (const folder of ['spool/nics', 'nics'])
    mkdirSync(path.join(state, folder), { recursive: true })
  mkdirSync(path.join(runtime, 'nics'), { recursive: true })
  writeFileSync(
    path.join(state, 'nics/config.json'),
    `${JSON.stringify({ version: 1, fingerprint: 'x', sections: { nic } })}\n`,
  )
  const places = ['--state-directory', state, '--runtime-directory', runtime]
  const okeanid = (args: readonly string[], env: Variables, programs: readonly string[] = []) =>
    space.run([...programs, process.execPath, program, ...args], { env })
  return {
    space,
    glass,
    file: (name: string) => path.join(space.directory, name),
    nic: (verb: 'up' | 'down', env: Variables, programs?: readonly string[]) =>
      okeanid(['nic', verb, ...places, '--break-glass', glass], env, programs),
    plan: (env: Variables, ...args: readonly string[]) =>
      okeanid(['nic', 'plan', ...args, ...places], env),
    events: () =>
      readdirSync(path.join(state, 'spool/nics'))
        .sort()
        .map((name) => {
          const text = readFileSync(path.join(state, 'spool/nics', name), 'utf8')
          return (JSON.parse(text) as { readonly status: string }).status
        }),
  }
}
