import { runLab, runLabOk } from './command.js'

/** What a guest is made of; everything left out is as `lab vm add` has it. */
export interface VmOptions {
  readonly node?: string
  readonly mode?: 'bridged' | 'routed'
  /** An address of the network, `pool` for its next free one (default), `none` for a NIC without network. */
  readonly ip?: string
  readonly mac?: string
  /** `bb`: busybox and udhcpc (default). `deb`: Debian's own DHCP clients. */
  readonly guest?: 'bb' | 'deb'
  readonly nicCount?: number
  readonly memoryMebibytes?: number
  readonly kernelArgs?: string
  readonly isStarted?: boolean
}

/** The guests of a lab: Ganeti instances by the first label of their names. */
export interface Vms {
  readonly add: (name: string, options?: VmOptions) => Promise<void>
  readonly remove: (name: string) => Promise<void>
  readonly start: (name: string) => Promise<void>
  readonly stop: (name: string) => Promise<void>
  /** What the guest printed for tests, on the node where it runs now. */
  readonly log: (name: string) => Promise<string>
  /** The lines that match, as soon as there is one; undefined when there was none in time. */
  readonly wait: (name: string, pattern: string, seconds?: number) => Promise<string | undefined>
  /** Runs a command line on the guest's serial shell (about 3 s) and returns what was printed. */
  readonly sh: (name: string, command: string) => Promise<string>
}

/** The guests of the run with this name. */
export function openVms(run: string): Vms {
  const vm = (...args: string[]): Promise<string> => runLabOk(run, ['vm', ...args])
  const quiet = async (...args: string[]): Promise<void> => {
    await vm(...args)
  }
  return {
    add: (name, options = {}) => quiet('add', name, ...addArgs(options)),
    remove: (name) => quiet('rm', name),
    start: (name) => quiet('start', name),
    stop: (name) => quiet('stop', name),
    log: (name) => vm('log', name),
    wait: async (name, pattern, seconds = 90) => {
      const { code, stdout } = await runLab(run, ['vm', 'wait', name, pattern, String(seconds)])
      return code === 0 ? stdout : undefined
    },
    sh: (name, command) => vm('sh', name, command),
  }
}

function addArgs(options: VmOptions): string[] {
  const { node, mode, ip, mac, guest, nicCount, memoryMebibytes, kernelArgs, isStarted } = options
  const values = {
    '--node': node,
    '--mode': mode,
    '--ip': ip,
    '--mac': mac,
    '--guest': guest,
    '--nics': nicCount,
    '--mem': memoryMebibytes,
    '--append': kernelArgs,
  }
  return [
    ...Object.entries(values).flatMap(([flag, value]) =>
      value === undefined ? [] : [flag, String(value)],
    ),
    ...(isStarted === false ? ['--no-start'] : []),
  ]
}
