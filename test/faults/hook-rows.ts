import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Lab } from '../lab/lab.js'
import { fixturePath } from '../support/fixture.js'
import { until } from '../support/until.js'
import { loneFact, loneInstance } from './nic-messages.js'
import type { Row } from './row.js'

/** Faults of the way from Ganeti's post hooks to what is told of NICs. */
export const hookRows: readonly Row[] = [
  {
    name: 'hooks-full',
    title: () => 'the spool of hooks full while nobody takes from it, and operations run',
    nodes: 1,
    isSavedByOutbox: false,
    hasNicFacts: true,
    strike: async ({ world: { lab }, pass, isShort }) => {
      const lostBefore = await hooksLost(lab)
      await lab.execOk('n1', ['systemctl', 'stop', 'okeanid-hooks.path', 'okeanid-hooks.service'])
      fillSpool(lab)
      await operate(lab, 'full-vm.lab.example')
      await pass(isShort ? 0 : 60)
      const { size } = statSync(path.join(spoolOf(lab), '.lost')) // it must be there: the spool was full
      await lab.execOk('n1', ['systemctl', 'start', 'okeanid-hooks.path'])
      await until(
        'the count of lost hooks',
        async () => (await hooksLost(lab)) >= lostBefore + size || undefined,
        { deadlineMs: 120_000, everyMs: 500 },
      )
      await until('room', () => waiting(lab) < 100 || undefined, { deadlineMs: 240_000 })
    },
  },
  {
    name: 'hooks-burst',
    title: () => '1,000 hooks at once, of 50 instances, while operations of others run',
    nodes: 1,
    isSavedByOutbox: false,
    hasNicFacts: true,
    strike: async ({ world: { lab }, owe, pass, isShort }) => {
      await Promise.all([runHooks(lab), operate(lab, 'busy-vm.lab.example')])
      for (let index = 0; index < loneCount; index++)
        for (let hook = 0; hook < hooksEach; hook++)
          owe(loneFact(loneInstance(index), String(hook)))
      await pass(isShort ? 0 : 60)
    },
  },
]

const loneCount = 50
const hooksEach = 20

/** What a hook of Ganeti's leaves, as a shell wrote it. */
const recordedHook = readFileSync(fixturePath('hooks/set-params-nic.txt'), 'utf8')

function spoolOf(lab: Lab): string {
  return lab.path('n1', '/var/lib/okeanid/spool/hooks')
}

function waiting(lab: Lab): number {
  return readdirSync(spoolOf(lab)).filter((name) => name.endsWith('.json')).length
}

/** As many files as the entry counts for a full spool, of hooks after which no NICs are told. */
function fillSpool(lab: Lab): void {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const hook = recordedHook
    .replaceAll('instance-modify', 'instance-stop')
    .replaceAll('OP_INSTANCE_SET_PARAMS', 'OP_INSTANCE_SHUTDOWN')
  for (let index = 0; index < 1000; index++) {
    const name = `${boot}.${String(index).padStart(20, '0')}.${index + 1}0.json`
    writeFileSync(path.join(spoolOf(lab), name), hook)
  }
}

/** How many lost hooks the events role has heard of. */
async function hooksLost(lab: Lab): Promise<number> {
  const { roles } = JSON.parse(await lab.execOk('n1', ['okeanid', 'status', '--json'])) as {
    readonly roles: readonly { readonly counters?: { readonly hooksLost?: number } }[]
  }
  const count = roles.flatMap(({ counters }) => counters?.hooksLost ?? [])[0]
  if (count === undefined) throw new Error('okeanid status does not say how many hooks were lost')
  return count
}

/** Operations after which NICs are told, on an instance of their own: none may fail, or mind the hooks. */
async function operate(lab: Lab, name: string): Promise<void> {
  const present = await lab.gnt(['gnt-instance', 'list', '--no-headers', '-o', 'name'])
  if (present.split('\n').includes(name))
    await lab.gnt(['gnt-instance', 'remove', '-f', '--shutdown-timeout=0', name])
  const create = ['-t', 'diskless', '-o', 'noop+default', '-n', 'n1.lab.example']
  for (const argv of [
    ['add', ...create, '--net', '0:network=pub,ip=pool', name],
    ['modify', '--net', 'add:link=br0', name],
    ['reboot', name],
  ]) {
    const { code, stdout, stderr } = await lab.exec('n1', ['gnt-instance', ...argv])
    if (code !== 0 || /okeanid|WARNING: On /.test(`${stdout}${stderr}`))
      throw new Error(`gnt-instance ${argv.join(' ')}: ${code}\n${stdout}${stderr}`)
  }
}

/** Runs hooks as Ganeti's node daemon does, with its own code: those of an instance after one another, all instances at once. */
async function runHooks(lab: Lab): Promise<void> {
  const names = Array.from({ length: loneCount }, (_, index) => loneInstance(index))
  const variables = [...recordedHook.matchAll(/^export (GANETI_\w+)='(.*)'$/gm)]
  const environment = Object.fromEntries(variables.map(([, name, value]) => [name, value]))
  const argv = [JSON.stringify(environment), String(hooksEach), ...names]
  await lab.execOk('n1', ['python3', '-c', runner, ...argv])
}

/** Ops of one instance take longer than 20 ms each; so hooks of one never bear the same hundredth of a second. */
const runner = `
import json, os, sys, time, traceback
sys.path.insert(0, "/usr/share/ganeti/default")
from ganeti import backend, constants
text, count, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
def run(name):
  env = json.loads(text.replace("f1.lab.example", name))
  for number in range(count):
    env["GANETI_POST_INSTANCE_NIC0_NAME"] = str(number)
    for script, status, output in backend.HooksRunner().RunHooks("instance-modify", "post", env):
      if status != constants.HKR_SUCCESS or output: raise Exception("%s: %s %s" % (script, status, output))
    time.sleep(0.02)
children = []
for name in names:
  child = os.fork()
  if child == 0:
    try:
      run(name)
      os._exit(0)
    except BaseException:
      traceback.print_exc()
      os._exit(1)
  children.append(child)
sys.exit(1 if any([os.waitpid(child, 0)[1] for child in children]) else 0)
`
