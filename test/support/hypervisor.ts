import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Program, Space } from './space.js'

/** A NIC as a runtime file has it. */
export interface RuntimeNic {
  readonly tap: string
  readonly mac: string
  readonly uuid: string
  readonly mode: 'bridged' | 'routed'
  readonly link: string
  readonly ip?: string
}

/** The network that all NICs of a {@link Hypervisor} belong to. */
export const runtimeNetwork = {
  name: 'net1',
  uuid: '5d328a02-7063-4a18-9e5c-4715566db1ab',
  network: '192.0.2.0/24',
  gateway: '192.0.2.1',
  tags: ['okeanid:dhcp'],
} as const

/** What Ganeti's KVM hypervisor keeps of running instances, with processes that look like theirs. */
export interface Hypervisor {
  /** Ganeti's root. */
  readonly root: string
  /** Runs an instance: its process, its taps' names, its runtime file. */
  readonly start: (instance: string, nics: readonly RuntimeNic[]) => Promise<void>
  /** Ends its process, as a crash does: files stay. */
  readonly crash: (instance: string) => Promise<void>
}

/** A hypervisor below a folder, whose processes run in a space. */
export function openHypervisor(space: Space, root: string): Hypervisor {
  const folder = path.join(root, 'run/ganeti/kvm-hypervisor')
  for (const name of ['pid', 'conf', 'nic']) mkdirSync(path.join(folder, name), { recursive: true })
  const processes = new Map<string, Program>()
  return {
    root,
    async start(instance, nics) {
      // arguments as QEMU has them; the shell does not look at them
      const argv = ['sh', '-c', 'echo runs; while :; do sleep 60; done', 'qemu', '-name', instance]
      const process = space.spawn(argv)
      processes.set(instance, process)
      await process.said(/runs/)
      const taps = path.join(folder, 'nic', instance)
      rmSync(taps, { recursive: true, force: true })
      mkdirSync(taps)
      for (const [number, { tap }] of nics.entries())
        writeFileSync(path.join(taps, String(number)), tap)
      writeFileSync(path.join(folder, 'pid', instance), `${process.pid}\n`)
      const file = path.join(folder, 'conf', `${instance}.runtime`)
      writeFileSync(`${file}.new`, JSON.stringify([['qemu'], nics.map(runtimeText), {}, []]))
      renameSync(`${file}.new`, file)
    },
    async crash(instance) {
      await processes.get(instance)?.stop('SIGKILL')
    },
  }
}

function runtimeText({ mac, uuid, mode, link, ip }: RuntimeNic): unknown {
  return {
    mac,
    uuid,
    ip,
    network: runtimeNetwork.uuid,
    netinfo: runtimeNetwork,
    nicparams: { mode, link, vlan: '' },
  }
}
