import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { hookDispatchTask } from '#bin/hook-dispatch-task.js'
import { scriptTaker } from '#bin/hook-takers.js'
import { createJobFinder } from '#bin/job-finder.js'
import { parseHookFact } from '#event/net-fact.js'
import { parseEnvironment } from '#ganeti/hook-environment.js'
import { askStatusSocket } from '#service/status-socket.js'
import { logged, openStage, type Stage, startProgram } from '../support/agent.js'
import { until } from '../support/until.js'

const noBroker = 'amqp://nobody:nothing@127.0.0.1:1/'
const nic = {
  GANETI_POST_INSTANCE_NIC_COUNT: '1',
  GANETI_POST_INSTANCE_NIC0_MAC: 'aa:00:01:a4:eb:ce',
  GANETI_POST_INSTANCE_NIC0_IP: '192.0.2.3',
}

function spoolOf(stage: Stage, name: string): string {
  return path.join(stage.directory, 'state/spool', name)
}

function openHookStage(): Stage {
  const stage = openStage(noBroker)
  for (const name of ['hooks', 'hints', 'net', 'scripts'])
    mkdirSync(spoolOf(stage, name), { recursive: true })
  return stage
}

/** Runs the entry as Ganeti does. */
function runHook(
  spool: string,
  values: Readonly<Record<string, string>> = {},
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('hooks/okeanid-post', {
    env: {
      PATH: '/sbin:/bin:/usr/sbin:/usr/bin',
      GANETI_HOOKS_PHASE: 'post',
      GANETI_HOOKS_PATH: 'instance-modify',
      GANETI_OP_CODE: 'OP_INSTANCE_SET_PARAMS',
      GANETI_OBJECT_TYPE: 'INSTANCE',
      GANETI_INSTANCE_NAME: 'vm1',
      ...values,
      OKEANID_HOOK_SPOOL: spool,
    },
    encoding: 'utf8',
  })
  return { status, said: `${stdout}${stderr}` }
}

function startRole(stage: Stage) {
  const program = 'dist/agent/bin/okeanid.js'
  return startProgram([program, 'agent', '--role', 'hooks', '-c', stage.configFile])
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
}

async function emptied(folder: string): Promise<void> {
  await until('an empty spool', () => (filesOf(folder).length === 0 ? true : undefined), {
    deadlineMs: 30_000,
  })
}

t.test('what a hook leaves goes to everybody who goes by it, in order', async (t) => {
  await using stage = openHookStage()
  const hooks = spoolOf(stage, 'hooks')
  const odd = "it's\nodd: end\n$(id)"
  t.same(runHook(hooks, { ...nic, GANETI_INSTANCE_TAGS: odd }), { status: 0, said: '' })
  const network = { GANETI_HOOKS_PATH: 'network-add', GANETI_OP_CODE: 'OP_NETWORK_ADD' }
  runHook(hooks, { ...network, GANETI_OBJECT_TYPE: 'NETWORK', GANETI_NETWORK_NAME: 'net' })
  runHook(hooks, { ...nic, GANETI_INSTANCE_NAME: 'vm2' })
  await using role = startRole(stage)
  await logged(role, /started/)
  await emptied(hooks)
  const hints = filesOf(spoolOf(stage, 'hints')).map(parseEnvironment)
  t.same(
    hints.map((values) => values.get('GANETI_INSTANCE_NAME')),
    ['vm1', 'vm2'],
  )
  t.equal(hints[0]?.get('GANETI_INSTANCE_TAGS'), odd)
  const facts = filesOf(spoolOf(stage, 'net')).map(parseHookFact)
  t.match(facts, [
    { value: { instance: 'vm1', nics: [{ index: 0, ip: '192.0.2.3' }] } },
    { value: { instance: 'vm2' } },
  ])
  const socket = path.join(stage.directory, 'run/hooks-role/status.sock')
  t.match(JSON.parse(await askStatusSocket(socket, '/status')), {
    role: 'hooks',
    hooks: { taken: 3, lost: 0, bad: 0, problem: null },
  })
})

t.test('scripts get what there are scripts for, with the job where it can be told', async (t) => {
  await using stage = openHookStage()
  const scriptsDirectory = path.join(stage.directory, 'etc/okeanid/hooks')
  for (const [folder, name] of [
    ['post-instance-modify.d', 'a-script'],
    ['post-network-add.d', 'not.enabled'],
  ] as const) {
    mkdirSync(path.join(scriptsDirectory, folder), { recursive: true })
    writeFileSync(path.join(scriptsDirectory, folder, name), '#!/bin/sh\n', { mode: 0o755 })
  }
  const seconds = Math.floor(Date.now() / 1000) - 5
  stage.write(7, jobOf(7, { name: 'vm1', status: 'running', seconds }))
  stage.write(8, jobOf(8, { name: 'vm2', status: 'running', seconds }))
  stage.write(9, jobOf(9, { name: 'vm1', status: 'success', seconds: seconds - 100 }))
  const hooks = spoolOf(stage, 'hooks')
  runHook(hooks)
  runHook(hooks, { GANETI_INSTANCE_NAME: 'vm3' })
  runHook(hooks, { GANETI_HOOKS_PATH: 'network-add', GANETI_OBJECT_TYPE: 'NETWORK' })
  const data = path.join(stage.directory, 'var/lib/ganeti')
  const finder = createJobFinder({
    dataDirectory: data,
    queueDirectory: path.join(data, 'queue'),
    ledgerFile: path.join(stage.directory, 'none'),
  })
  const { task } = hookDispatchTask({
    directory: hooks,
    takers: [scriptTaker(spoolOf(stage, 'scripts'), { scriptsDirectory, finder })],
    onLost: () => undefined,
    idleness: { begin: () => () => undefined },
    log: () => undefined,
  })
  const stop = new AbortController()
  const running = task.run(stop.signal)
  await emptied(hooks)
  stop.abort()
  await running
  const first = filesOf(spoolOf(stage, 'scripts')).map((text) => text.split('\0', 1)[0])
  t.equal(first.length, 2)
  t.equal(first[0], 'OKEANID_JOB_ID=7')
  t.notMatch(first[1], 'OKEANID_JOB_ID', 'nobody guesses')
})

t.test('what is no hook, or cut short, holds up nobody; what found no room is told', async (t) => {
  await using stage = openHookStage()
  const hooks = spoolOf(stage, 'hooks')
  const named = (count: number): string =>
    path.join(
      hooks,
      `0d9c8f6e-1111-4222-8333-444455556666.${String(count).padStart(20, '0')}.1.json`,
    )
  writeFileSync(named(1), 'rm -rf /\n')
  writeFileSync(named(2), "export GANETI_HOOKS_PHASE='pre'\n: end\n")
  writeFileSync(named(3), "export GANETI_HOOKS_PHASE='po")
  writeFileSync(path.join(hooks, '.lost'), '...')
  runHook(hooks)
  await using role = startRole(stage)
  await logged(role, /hooks-lost.*lost=3/)
  await until('the hook', () => filesOf(spoolOf(stage, 'hints'))[0])
  t.same(filesOf(hooks), ["export GANETI_HOOKS_PHASE='po"], 'it may become whole yet')
  t.equal(readdirSync(path.join(hooks, 'bad')).length, 2)
  const gap = filesOf(spoolOf(stage, 'net')).map(parseHookFact)
  t.ok(gap.some((fact) => fact.ok && fact.value.kind === 'gap' && fact.value.lostCount === 3))
})

t.test('the entry says nothing and fails nothing', async (t) => {
  const spool = t.testdir()
  const quiet = { status: 0, said: '' }
  t.same(runHook(path.join(spool, 'none')), quiet, 'without a folder')
  for (let i = 0; i < 1000; i++) writeFileSync(path.join(spool, `${i}0.json`), '')
  t.same(runHook(spool), quiet, 'with one that is full')
  t.same(runHook(spool), quiet)
  t.equal(readFileSync(path.join(spool, '.lost'), 'utf8'), '..', 'but counts it')
  t.equal(readdirSync(spool).length, 1001)
})

/** Mounts want root. */
const needsRoot = process.getuid?.() === 0 ? false : 'only root may mount'

for (const { name, options, fill } of [
  { name: 'that is read-only', options: 'ro', fill: false },
  { name: 'whose disk is full', options: 'size=16k', fill: true },
]) {
  t.test(`the entry says nothing with a spool ${name}`, { skip: needsRoot }, async (t) => {
    const spool = t.testdir({ spool: {} })
    const folder = path.join(spool, 'spool')
    const inside = `mount -t tmpfs -o ${options} none ${folder} && ${
      fill ? `(head -c 99999 /dev/zero >${folder}/x 2>/dev/null; true) &&` : ''
    } hooks/okeanid-post; echo "status $?"; ls ${folder}/*.json 2>/dev/null | wc -l`
    const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', inside], {
      env: { ...process.env, GANETI_X: 'x'.repeat(9000), OKEANID_HOOK_SPOOL: folder },
      encoding: 'utf8',
    })
    t.equal(stderr, '')
    t.equal(stdout, `status 0\n${fill ? 1 : 0}\n`)
  })
}

t.test('the role waits for a disk that is full, and loses nothing', async (t) => {
  await using stage = openHookStage()
  const hooks = spoolOf(stage, 'hooks')
  const hints = spoolOf(stage, 'hints')
  rmSync(hints, { recursive: true })
  writeFileSync(hints, 'no folder: as good as a disk that takes nothing')
  runHook(hooks)
  await using role = startRole(stage)
  await logged(role, /hook-not-handed-on.*ENOTDIR/)
  t.equal(filesOf(hooks).length, 1)
  rmSync(hints)
  mkdirSync(hints)
  await emptied(hooks)
  t.equal(filesOf(hints).length, 1)
  t.ok(existsSync(hints))
})

function jobOf(
  id: number,
  {
    name,
    status,
    seconds,
  }: { readonly name: string; readonly status: 'running' | 'success'; readonly seconds: number },
): string {
  const end = status === 'success' ? [seconds + 1, 0] : null
  return JSON.stringify({
    id,
    received_timestamp: [seconds, 0],
    start_timestamp: [seconds, 0],
    end_timestamp: end,
    ops: [
      {
        input: { OP_ID: 'OP_INSTANCE_SET_PARAMS', instance_name: name },
        status,
        result: null,
        log: [],
        start_timestamp: [seconds, 0],
        exec_timestamp: [seconds, 0],
        end_timestamp: end,
      },
    ],
  })
}
