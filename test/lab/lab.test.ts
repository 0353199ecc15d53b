import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { freshRunName, labScript, labUnavailable, runLabOk } from './command.js'
import { openLab } from './lab.js'
import { leftovers } from './leftovers.js'

const skip = labUnavailable() ?? false
delete process.env['OKEANID_LAB_RUN'] // it is the lab that is tested here, not what runs in one
const rapi = ['curl', '-sk', '-u', 'lab:lab-secret']

t.test('a lab of one node with the fake hypervisor', { skip }, async (t) => {
  const lab = await openLab({ nodes: 1, hypervisor: 'fake', hasApi: false })
  t.teardown(() => lab.close())

  t.test('runs a job that creates an instance', async (t) => {
    const add = [
      'gnt-instance',
      'add',
      '-t',
      'diskless',
      '-o',
      'noop+default',
      '-n',
      'n1.lab.example',
    ]
    await lab.gnt([...add, '--net', '0:network=pub,ip=pool', 'web1.lab.example'])
    const instances = await lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'name,status'])
    t.match(instances, /^web1\.lab\.example\s+running/)
  })

  t.test('shows the job in the queue, on the disk that this process can read', async (t) => {
    const [id] = (await lab.gnt(['gnt-job', 'list', '--no-headers', '-o', 'id']))
      .trim()
      .split('\n')
      .slice(-1)
    await lab.pull('n1', `/var/lib/ganeti/queue/job-${id?.trim()}`, join(t.testdir(), 'job'))
    t.match(
      await lab.execOk('n1', ['cat', `/var/lib/ganeti/queue/job-${id?.trim()}`]),
      'OP_INSTANCE_CREATE',
    )
  })

  t.test('answers RAPI from the hub', async (t) => {
    const info = await lab.execOk('hub', [...rapi, 'https://cluster.lab.example:5080/2/info'])
    t.match(JSON.parse(info), { name: 'cluster.lab.example', default_hypervisor: 'fake' })
  })

  t.test('tells the exit status and both outputs of a command', async (t) => {
    const said = await lab.exec('n1', ['sh', '-c', 'cat; echo no >&2; exit 3'], { input: 'yes' })
    t.same(said, { code: 3, stdout: 'yes', stderr: 'no\n' })
  })

  t.test('ends a command, in the machine too, when it is aborted', async (t) => {
    const controller = new AbortController()
    const { signal } = controller
    const sleeping = lab.exec('n1', ['sleep', '1234'], { signal })
    const pgrep = ['pgrep', '-fx', 'sleep 1234']
    await until(async () => (await lab.exec('n1', pgrep)).code === 0)
    controller.abort()
    t.not((await sleeping).code, 0)
    await until(async () => (await lab.exec('n1', pgrep)).code === 1)
  })

  t.test('hands a signal to the program that was started', async (t) => {
    const script = 'trap "echo got it; exit 5" USR1; echo ready; while :; do sleep 0.1; done'
    const program = lab.spawn('n1', ['sh', '-c', script])
    await once(program.child.stdout, 'data')
    program.kill('SIGUSR1')
    t.match(String((await once(program.child.stdout, 'data'))[0]), 'got it')
    t.equal(await program.exited, 5)
  })

  t.test('runs a program of this host in the hub, where the lab names resolve', async (t) => {
    const code =
      'require("node:net").connect(5672, "mq.lab.example").on("connect", () => process.exit(7))'
    const [status] = await once(lab.hubSpawn([process.execPath, '-e', code]), 'exit')
    t.equal(status, 7)
  })

  t.test('forwards a port of the loopback to a machine', async (t) => {
    const port = await lab.forward('n1', 5080)
    const version = await fetchInsecure(`https://127.0.0.1:${port}/version`)
    t.equal(version, 2)
  })

  t.test('pushes a file to where a running machine sees it, tmpfs included', async (t) => {
    const source = join(t.testdir(), 'file')
    writeFileSync(source, 'hello')
    await lab.push('n1', source, '/run/file')
    t.equal(await lab.execOk('n1', ['cat', '/run/file']), 'hello')
  })

  t.test('comes back with its cluster after a power cut', async (t) => {
    await lab.stop('n1', 'kill')
    await lab.start('n1')
    t.match(
      await lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'name']),
      'web1.lab.example',
    )
  })

  t.test('is on the host only until it is closed', async (t) => {
    t.not(leftovers(lab.run).length, 0)
    await lab.close()
    t.same(leftovers(lab.run), [])
  })
})

t.test('a lab of two nodes with KVM, one of them no candidate', { skip }, async (t) => {
  const lab = await openLab({ nodes: 2, nonCandidate: 'n2', shortName: 'n2', hasBroker: false })
  t.teardown(() => lab.close())

  t.test('gives the one node its short name while Ganeti knows the full one', async (t) => {
    t.equal(await lab.execOk('n2', ['hostname']), 'n2\n')
    t.equal(await lab.execOk('n1', ['hostname']), 'n1.lab.example\n')
    t.match(await lab.gnt(['gnt-node', 'list', '--no-headers', '-o', 'name']), 'n2.lab.example')
  })

  t.test('keeps that node from being a master candidate, also after a verify', async (t) => {
    await lab.gnt(['gnt-cluster', 'verify', '--error-codes']).catch(() => undefined)
    const roles = await lab.gnt(['gnt-node', 'list', '--no-headers', '-o', 'name,role'])
    t.match(roles, /n1\.lab\.example\s+M\nn2\.lab\.example\s+R/)
  })

  t.test('boots a guest that finds no DHCP server', async (t) => {
    await lab.vm.add('vm1', { node: 'n1' })
    t.match(await lab.vm.wait('vm1', 'LABBOOT'), '"name":"vm1"')
    t.match(await lab.vm.wait('vm1', 'LABNOLEASE'), '"event":"leasefail"')
  })

  t.test('migrates the guest, which goes on asking', async (t) => {
    await lab.gnt(['gnt-instance', 'migrate', '-f', 'vm1.lab.example'])
    t.match(await lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'pnode']), 'n2')
    t.match(await lab.execOk('n2', ['bridge', 'link']), /tap0.*master br0/)
    await lab.execOk('n2', [
      'timeout',
      '30',
      'sh',
      '-c',
      'until grep -q LABNOLEASE /var/log/lab/vm1.con; do sleep 0.2; done',
    ])
  })

  t.test('leaves nothing when it is closed', async (t) => {
    await lab.close()
    t.same(leftovers(lab.run), [])
  })
})

t.test('two labs are up at the same time and do not see each other', { skip }, async (t) => {
  const options = { nodes: 1, hypervisor: 'fake', hasApi: false, hasBroker: false } as const
  const labs = await Promise.all([openLab(options), openLab(options)])
  t.teardown(() => Promise.all(labs.map((lab) => lab.close())))
  const [one, two] = labs
  await one.gnt(
    ['gnt-cluster', 'rename-tag'].slice(0, 0).concat(['gnt-cluster', 'add-tags', 'one']),
  )
  t.match(await one.gnt(['gnt-cluster', 'list-tags']), 'one')
  t.notMatch(await two.gnt(['gnt-cluster', 'list-tags']), 'one')

  t.test('a lab that is named in the environment is used, and left up', async (t) => {
    process.env['OKEANID_LAB_RUN'] = one.run
    t.teardown(() => delete process.env['OKEANID_LAB_RUN'])
    const borrowed = await openLab(options)
    await borrowed.close()
    t.match(await one.gnt(['gnt-cluster', 'list-tags']), 'one')
    await t.rejects(openLab({ ...options, nodes: 2 }), /only 1 node/)
  })
})

t.test('what a killed lab has left is swept', { skip }, async (t) => {
  const run = freshRunName('killed')
  t.teardown(() => runLabOk(run, ['destroy']))
  // the lab is its own owner: who is killed in the middle of `up` owns nothing any more
  const up = 'exec "$0" --run "$1" up 1 --hypervisor fake --no-api --no-broker --owner $$'
  const child = spawn('sh', ['-c', up, labScript, run], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await until(() => leftovers(run).some((left) => left.startsWith('process')))
  child.kill('SIGKILL')
  await exited
  t.not(leftovers(run).length, 0)
  await runLabOk(run, ['sweep'])
  t.same(leftovers(run), [])
})

/** Polls: what is waited for has no event. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 120_000; !(await condition()); ) {
    if (Date.now() > deadline) throw new Error('waited for two minutes')
    await setTimeout(50)
  }
}

/** RAPI's certificate is its own; that is not what is tested. */
async function fetchInsecure(url: string): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    get(url, { auth: 'lab:lab-secret', rejectUnauthorized: false }, (response) => {
      response.setEncoding('utf8')
      let body = ''
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve(JSON.parse(body)))
    }).on('error', reject)
  })
}
