import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CommandOptions,
  type Finished,
  freshRunName,
  type PipedChild,
  runLab,
  runLabOk,
  spawnLab,
  stdoutOf,
} from './command.js'
import { type Forward, openForward } from './forward.js'
import { openVms, type Vms } from './vm.js'

/** The laboratory that a test wants. */
export interface LabOptions {
  readonly nodes: number
  /** `fake` has no guests, but its jobs, hooks and RAPI are real (default `kvm`). */
  readonly hypervisor?: 'kvm' | 'fake'
  /** The node whose hostname is its short name, while Ganeti knows it by its full one. */
  readonly shortName?: string
  /** The node that is no master candidate. */
  readonly nonCandidate?: string
  /** The node that is up but not in the cluster. */
  readonly spare?: string
  readonly hasBroker?: boolean
  readonly hasApi?: boolean
}

/** A program in the lab. It ends with the lab at the latest. */
export interface LabProcess {
  readonly child: PipedChild
  /** Sends a signal to the program itself (killing `child` would only let go of it). */
  readonly kill: (signal: NodeJS.Signals) => void
  readonly exited: Promise<number | undefined>
}

/** Options of {@link Lab.deploy}: which machines (all nodes), with which configuration (one that knows the broker). */
export interface DeployOptions {
  readonly machines?: readonly string[]
  readonly configFile?: string
}

/** A laboratory that is up. Machines are `n1`.. `mq` `api`. */
export interface Lab extends AsyncDisposable {
  readonly run: string
  readonly nodes: readonly string[]
  readonly vm: Vms
  /** RabbitMQ as the machines and the hub see it; `forward('mq', 5672)` leads there from this process. */
  readonly brokerUrl: string
  readonly exec: (
    machine: string,
    argv: readonly string[],
    options?: CommandOptions,
  ) => Promise<Finished>
  /** The stdout of a command that must succeed. */
  readonly execOk: (
    machine: string,
    argv: readonly string[],
    options?: CommandOptions,
  ) => Promise<string>
  readonly spawn: (machine: string, argv: readonly string[]) => LabProcess
  /** Starts a program of this host in the hub's network, where the lab's addresses and names are. */
  readonly hubSpawn: (argv: readonly string[]) => PipedChild
  /** Runs a command on the master; it must succeed. */
  readonly gnt: (argv: readonly string[]) => Promise<string>
  readonly master: () => Promise<string>
  readonly push: (machine: string, source: string, target: string) => Promise<void>
  readonly pull: (machine: string, source: string, target: string) => Promise<void>
  /** Where a file on a machine's disk is on this host: to read, write or watch. Not for its tmpfs: /run, /tmp, /dev. */
  readonly path: (machine: string, path: string) => string
  readonly reboot: (machine: string) => Promise<void>
  /** Stops a machine: in order, or as a power cut would. Disk and cables stay. */
  readonly stop: (machine: string, how?: 'order' | 'kill') => Promise<void>
  readonly start: (machine: string) => Promise<void>
  /** Pulls a machine's management cable, or plugs it in. */
  readonly link: (machine: string, state: 'up' | 'down') => Promise<void>
  /** A loopback port of this host that leads to a machine; closed with the lab. */
  readonly forward: (machine: string, port: number) => Promise<number>
  /** Puts the built program on the nodes as its package would. */
  readonly deploy: (options?: DeployOptions) => Promise<void>
  /** Installs Debian packages with apt on these machines (all nodes): newer ones, older ones, the same once more. */
  readonly install: (debs: readonly string[], machines?: readonly string[]) => Promise<void>
  /** Leaves nothing, unless the lab was up before us. Idempotent. */
  readonly close: () => Promise<void>
}

/**
 * Brings up a laboratory of its own, or takes the one that `OKEANID_LAB_RUN` names and leaves it up.
 *
 * The first one with these options takes half a minute, or two where nothing is cached; later ones a few seconds.
 */
export async function openLab(options: LabOptions): Promise<Lab> {
  const shared = process.env['OKEANID_LAB_RUN']
  const run = shared ?? freshRunName('test')
  const ok = async (...args: string[]): Promise<void> => {
    await runLabOk(run, args)
  }
  const destroy = async (): Promise<void> => {
    if (shared === undefined) await ok('destroy')
  }
  await ok('sweep')
  try {
    const owner = shared === undefined ? ['--owner', String(process.pid)] : ['--reuse']
    await ok('up', ...upArgs(options), ...owner)
  } catch (error) {
    await destroy()
    throw error
  }
  const nodes = (await runLabOk(run, ['nodes'])).trim().split('\n')
  if (nodes.length < options.nodes) throw new Error(`run ${run} has only ${nodes.length} node(s)`)

  const folder = (await runLabOk(run, ['root'])).trim()
  const brokerUrl = (await runLabOk(run, ['url'])).trim()
  const forwards: Forward[] = []
  const hubSpawn = (argv: readonly string[]): PipedChild => spawnLab(run, ['hub', ...argv])
  const exec: Lab['exec'] = (machine, argv, opts) => runLab(run, ['exec', machine, ...argv], opts)
  const execOk: Lab['execOk'] = async (machine, argv, opts) =>
    stdoutOf(`${machine}: ${argv.join(' ')}`, await exec(machine, argv, opts))
  const master = async (): Promise<string> => (await runLabOk(run, ['master'])).trim()
  const close = async (): Promise<void> => {
    await Promise.all(forwards.splice(0).map((forward) => forward.close()))
    await destroy()
  }
  return {
    run,
    nodes,
    brokerUrl,
    vm: openVms(run),
    exec,
    execOk,
    spawn: (machine, argv) => labProcess(spawnLab(run, ['exec', machine, ...argv])),
    hubSpawn,
    gnt: async (argv) => await execOk(await master(), argv),
    master,
    push: (machine, source, target) => ok('push', machine, source, target),
    pull: (machine, source, target) => ok('pull', machine, source, target),
    path: (machine, path) => join(folder, machine, 'root', path),
    reboot: (machine) => ok('reboot', machine),
    stop: (machine, how) => ok('stop', machine, ...(how === 'kill' ? ['--kill'] : [])),
    start: (machine) => ok('start', machine),
    link: (machine, state) => ok('link', machine, state),
    forward: async (machine, port) => {
      const address = (await runLabOk(run, ['addr', machine])).trim()
      const forward = await openForward({ address, port, hubSpawn })
      forwards.push(forward)
      return forward.port
    },
    deploy: ({ machines = [], configFile } = {}) =>
      ok('deploy', ...(configFile === undefined ? [] : ['--config', configFile]), ...machines),
    install: (debs, machines = []) => ok('install', ...machines, ...debs),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function upArgs({ nodes, hasBroker, hasApi, ...named }: LabOptions): string[] {
  const values = {
    '--hypervisor': named.hypervisor,
    '--short-name': named.shortName,
    '--non-candidate': named.nonCandidate,
    '--spare': named.spare,
  }
  return [
    String(nodes),
    ...Object.entries(values).flatMap(([flag, value]) =>
      value === undefined ? [] : [flag, value],
    ),
    ...(hasBroker === false ? ['--no-broker'] : []),
    ...(hasApi === false ? ['--no-api'] : []),
  ]
}

function labProcess(child: PipedChild): LabProcess {
  const exited = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? undefined))
  })
  return {
    child,
    exited,
    kill: (signal) => {
      // `lab` became nsenter, whose only child is the program: a host pid, though it lives in another namespace
      const own = `/proc/${child.pid}/task/${child.pid}/children`
      const [program] = readFileSync(own, 'utf8').trim().split(' ').map(Number)
      process.kill(program === undefined || program === 0 ? Number(child.pid) : program, signal)
    },
  }
}
