import t from 'tap'
import WebSocket from 'ws'
import { until } from '../support/until.js'
import { openCentral } from './central.js'
import { labUnavailable } from './command.js'
import { openLab } from './lab.js'

/**
 * A real cluster behind the central API, used by Debian's own clients: what they ask for becomes jobs of Ganeti's, what jobs and nodes
 * tell becomes what they see.
 */

const skip = labUnavailable() ?? false

t.test('the central API over a real cluster', { skip }, async (t) => {
  const lab = await openLab({ nodes: 2 })
  t.teardown(() => lab.close())
  await lab.deploy()
  const units = ['okeanid-agent', 'okeanid-responder', 'okeanid-nics', 'okeanid-hooks.path']
  await Promise.all(lab.nodes.map((node) => lab.execOk(node, ['systemctl', 'start', ...units])))
  const central = await openCentral(lab)
  const { ask } = central
  const server = (name: string) => ask(['server', 'show', name]) as Promise<Server>
  const become = (name: string, status: string) =>
    until(
      `${name} to be ${status}`,
      async () => {
        const seen = await server(name)
        if (seen.status === 'ERROR') throw new Error(`${name}: ${JSON.stringify(seen)}`)
        return seen.status === status ? seen : undefined
      },
      { deadlineMs: 240_000, everyMs: 1000 },
    )
  const ok = async (argv: readonly string[]) => {
    const { code, stderr } = await central.openstack(argv)
    if (code !== 0) throw new Error(`openstack ${argv.join(' ')}: ${stderr}`)
  }

  await t.test('what is there: a token, flavors, images, networks', async (t) => {
    t.match(await ask(['token', 'issue']), { id: /.+/, project_id: /.+/ })
    t.match(await ask(['flavor', 'list']), [{ Name: 'small' }, { Name: 'tiny' }])
    t.match(await ask(['image', 'list']), [{ Name: 'guest', Status: 'active' }])
    t.match(await ask(['network', 'list']), [{ Name: 'net' }, { Name: 'float' }])
  })

  await t.test('a server is created, boots, takes its address, and shows it', async (t) => {
    await ok([
      'server',
      'create',
      '--flavor',
      'tiny',
      '--image',
      'guest',
      '--network',
      'net',
      'web',
    ])
    const seen = await become('web', 'ACTIVE')
    t.match(JSON.stringify(seen.addresses), /192\.0\.2\.1[2-9]\d/)
    const lease = await lab.vm.wait('central', 'LABLEASE')
    t.match(lease, /"ip":"192\.0\.2\.1[2-9]\d"/, 'the guest has the address that the API says')
    t.match(await instances(), 'running')
  })

  await t.test('its console is the screen of the guest', async (t) => {
    const { url } = (await ask(['console', 'url', 'show', 'web'])) as { readonly url: string }
    t.equal(await greetingAt(url), 'RFB 003.008\n')
  })

  await t.test('a floating address is a NIC at Ganeti and on the node, and goes', async (t) => {
    const made = await ask(['floating', 'ip', 'create', 'float'])
    const address = (made as { readonly floating_ip_address: string }).floating_ip_address
    await ok(['server', 'add', 'floating', 'ip', 'web', address])
    const nic = await until('the NIC on the node', async () => {
      const nics = await nodeNics()
      return nics.find(({ ip, state }) => ip === address && state === 'ok')
    })
    t.match(nic, {
      instance: 'snf-1',
      index: 1,
      network: /^snf-net-/,
      mode: 'bridged',
      link: 'br0',
    })
    t.match(await nicIps(), address, 'Ganeti has it')
    t.match(JSON.stringify((await server('web')).addresses), address)
    await ok(['server', 'remove', 'floating', 'ip', 'web', address])
    await until('the NIC to be gone', async () =>
      (await nodeNics()).some(({ ip }) => ip === address) ? undefined : true,
    )
    await until('it to be gone from Ganeti too', async () =>
      // where it goes last
      (await nicIps()).includes(address) ? undefined : true,
    )
    await ok(['floating', 'ip', 'delete', address])
    t.same(await ask(['floating', 'ip', 'list']), [])
    t.notMatch(JSON.stringify((await server('web')).addresses), address)
  })

  await t.test('an administrator stops it; resize, start', async (t) => {
    await lab.gnt(['gnt-instance', 'shutdown', '--timeout=0', 'snf-1']) // the guest hears no ACPI: the API's takes two minutes
    await become('web', 'SHUTOFF')
    await ok(['server', 'resize', '--flavor', 'small', 'web'])
    await become('web', 'VERIFY_RESIZE')
    await ok(['server', 'resize', 'confirm', 'web'])
    await become('web', 'SHUTOFF')
    t.match(await lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'be/maxmem']), '192')
    await ok(['server', 'start', 'web'])
    await become('web', 'ACTIVE')
  })

  await t.test('nova sees the same', async (t) => {
    const { code, stdout } = await central.nova(['list'])
    t.equal(code, 0)
    t.match(stdout, /web .*ACTIVE/)
  })

  await t.test('it is deleted, at Ganeti too', async (t) => {
    await ok(['server', 'delete', 'web'])
    await until('the instance to be gone', async () =>
      (await instances()).trim() === '' ? true : undefined,
    )
    await until('the server to be gone', async () =>
      ((await ask(['server', 'list'])) as readonly unknown[]).length === 0 ? true : undefined,
    )
    t.pass('gone')
  })

  function instances(): Promise<string> {
    return lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'name,status'])
  }

  function nicIps(): Promise<string> {
    return lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'nic.ips', 'snf-1'])
  }

  /** What its node says of the NICs there. */
  async function nodeNics(): Promise<readonly Nic[]> {
    const fields = ['--no-headers', '-o', 'pnode']
    const node = (await lab.gnt(['gnt-instance', 'list', ...fields, 'snf-1'])).trim()
    const [machine = ''] = node.split('.')
    return JSON.parse(await lab.execOk(machine, ['okeanid', 'nic', 'list', '--json']))
  }
})

/** The first bytes of a console. */
async function greetingAt(url: string): Promise<string> {
  const socket = new WebSocket(url, 'binary')
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('message', (data) => resolve(String(data)))
    })
  } finally {
    socket.terminate()
  }
}

interface Server {
  readonly status: string
  readonly addresses: unknown
}

interface Nic {
  readonly ip: string | null
  readonly state: string
}
