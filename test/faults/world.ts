import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Lab, openLab } from '../lab/lab.js'
import { until } from '../support/until.js'
import { prepareRealLoad } from './real-load.js'

/** A cluster with its agents, and its broker. All rows of a run share it. */
export interface World extends AsyncDisposable {
  readonly lab: Lab
  /** The cluster's name in messages. */
  readonly cluster: string
  /** The broker, from this process. */
  readonly url: string
  readonly broker: BrokerFaults
  /** Starts or stops the cluster's agents. */
  readonly agents: (what: 'start' | 'stop' | 'kill') => Promise<void>
  /** Runs a command on a machine as a service does: not below us, where it would end with us. */
  readonly asService: (machine: string, argv: readonly string[]) => Promise<void>
}

/** What happens to the broker. */
export interface BrokerFaults {
  readonly stop: () => Promise<void>
  readonly kill: () => Promise<void>
  /** Starts it after either and waits until it serves. */
  readonly start: () => Promise<void>
  /** Pulls its cable: what is sent to it is dropped, and nobody says so. */
  readonly partition: () => Promise<void>
  readonly heal: () => Promise<void>
  /** Makes it believe that its disk is full: it takes no more messages. */
  readonly alarm: () => Promise<void>
  readonly endAlarm: () => Promise<void>
}

/** Brings up the lab with so many nodes, all of them master candidates, deploys and starts the agent on each. */
export async function openWorld({ nodes }: { readonly nodes: number }): Promise<World> {
  const lab = await openLab({ nodes, hypervisor: 'fake', hasApi: false })
  try {
    const folder = mkdtempSync(path.join(tmpdir(), 'okeanid-faults-'))
    const configFile = path.join(folder, 'okeanid.ini')
    writeFileSync(
      configFile,
      `[broker]\nurl = ${lab.brokerUrl}\n[events]\nheartbeat = 0s\nrescan = 1s\n`,
    )
    await lab.deploy({ configFile })
    rmSync(folder, { recursive: true })
    const url = new URL(lab.brokerUrl)
    url.host = `127.0.0.1:${await lab.forward('mq', 5672)}`
    await prepareRealLoad(lab)
    const broker = brokerFaults(lab)
    await broker.heal() // a run that was ended left it as it was, where the lab is kept
    await broker.start()
    await broker.endAlarm()
    const onAll = (...words: readonly string[]) =>
      Promise.all(lab.nodes.map((node) => lab.execOk(node, ['systemctl', ...words])))
    await onAll('enable', '-q', 'okeanid-agent')
    const agents: World['agents'] = async (what) => {
      if (what === 'kill') await onAll('kill', '-s', 'KILL', 'okeanid-agent')
      else await onAll(what, 'okeanid-agent')
    }
    return {
      lab,
      cluster: 'cluster.lab.example',
      url: url.href,
      broker,
      agents,
      asService: async (machine, argv) => {
        const how = ['-q', '--wait', '-p', 'Type=oneshot', '-p', 'KillMode=process']
        await lab.execOk(machine, ['systemd-run', ...how, ...argv])
      },
      [Symbol.asyncDispose]: () => lab.close(),
    }
  } catch (error) {
    await lab.close()
    throw error
  }
}

function brokerFaults(lab: Lab): BrokerFaults {
  const mq = (...argv: readonly string[]) => lab.execOk('mq', argv)
  const limit = (bytes: string) => mq('rabbitmqctl', '-q', 'set_disk_free_limit', bytes)
  return {
    stop: async () => {
      await mq('systemctl', 'stop', 'rabbitmq-server')
    },
    kill: async () => {
      await mq('systemctl', 'mask', '-q', '--runtime', 'rabbitmq-server') // or it is there again at once
      await mq('systemctl', 'kill', '-s', 'KILL', 'rabbitmq-server')
    },
    start: async () => {
      await mq('systemctl', 'unmask', '-q', '--runtime', 'rabbitmq-server')
      await until(
        'the broker',
        async () => {
          const { code } = await lab.exec('mq', ['systemctl', 'start', 'rabbitmq-server'])
          return code === 0 ? true : undefined
        },
        { deadlineMs: 180_000, everyMs: 500 },
      )
      await mq('rabbitmqctl', '-q', 'await_startup')
    },
    partition: () => lab.link('mq', 'down'),
    heal: () => lab.link('mq', 'up'),
    alarm: async () => {
      await limit('1000000GB')
    },
    endAlarm: async () => {
      await limit('50MB')
    },
  }
}
