import t from 'tap'
import { parseLogLine } from '#progress/log-line.js'
import { recordedVersions, scenarioNames } from '../support/fixture.js'

/** Lines that real jobs have logged, and those of operations that were not recorded, as Ganeti's source has them. */
const lines: readonly [text: string, phase: string | undefined, percentage?: number][] = [
  [' - INFO: Chose IP 192.0.2.10 from network net-public', undefined],
  [
    ' - INFO: Selected nodes for instance f3.lab.example via iallocator hail: n2.lab.example',
    'selecting-nodes',
  ],
  ['* creating instance disks...', 'creating-disks'],
  ['* disk 0, size 16M', 'creating-disks'],
  ['adding instance f1.lab.example to cluster config', 'adding-instance'],
  ['adding disks to cluster config', 'adding-disks'],
  [' - INFO: * Wiping disk 0', 'wiping-disks'],
  [' - INFO:  - done: 12.3% ETA: 2m 30s', 'wiping-disks', 12.3],
  [' - INFO: Waiting for instance file1.lab.example to sync disks', 'syncing-disks'],
  [' - INFO: - device disk/0: 12.34% done, 1m 20s remaining (estimated)', 'syncing-disks', 12.34],
  [' - INFO: - device disk/1:  7.00% done, no time estimate', 'syncing-disks', 7],
  [" - INFO: Instance file1.lab.example's disks are in sync", 'disks-in-sync'],
  ['* running the instance OS create scripts...', 'installing-os'],
  [' - INFO: Running instance OS create scripts...', 'installing-os'],
  ["Changing OS scripts to 'noop+default'...", 'changing-os'],
  ['* starting instance...', 'starting'],
  [' - INFO: Instance f1.lab.example was already stopped, starting now', 'starting'],
  [' - INFO: Trying to hotplug device...', 'hot-plugging'],
  [' - INFO: Hotplug done.', 'hot-plugged'],
  ["Growing disk 0 of instance 'file1.lab.example' by 8M to 24M", 'growing-disk'],
  ['Migrating instance f1.lab.example', 'migrating'],
  ['* preparing n1.lab.example to accept the instance', 'preparing-target'],
  ['* migrating instance to n2.lab.example', 'migrating'],
  ['* starting memory transfer', 'memory-transfer'],
  ['* memory transfer progress: 12.34 %', 'memory-transfer', 12.34],
  ['* memory transfer has switched to postcopy', 'postcopy'],
  ['* memory transfer complete', 'memory-transferred'],
  ['* wait until resync is done', 'syncing-disks'],
  ['   - progress: 99.9%', 'syncing-disks', 99.9],
  ['* done', 'done'],
  ['Failover instance r1.lab.example', 'failing-over'],
  ['* checking disk consistency between source and target', 'checking-disks'],
  ['* shutting down instance on source node', 'shutting-down'],
  [
    ' - INFO: Shutting down instance file1.lab.example on source node n1.lab.example',
    'shutting-down',
  ],
  ["* deactivating the instance's disks on source node", 'deactivating-disks'],
  ["* activating the instance's disks on target node n1.lab.example", 'activating-disks'],
  ['* starting the instance on the target node n1.lab.example', 'starting'],
  ['* closing instance disks on node n1.lab.example', 'closing-disks'],
  ['* opening instance disks on node n1.lab.example in shared mode', 'opening-disks'],
  ['Exporting disk/0 from n1.lab.example to n2.lab.example', 'exporting'],
  ['disk/0 is now listening, starting export', 'receiving'],
  ['disk/0 is sending data on n1.lab.example', 'sending'],
  ['disk/0 sent 1.2G, 80.0 MiB/s, 12%, ETA 3m', 'sending', 12],
  ['disk/0 finished sending data', 'sent'],
  ['disk/0 finished receiving data', 'received'],
  [' - INFO: Removing the disks on the original node', 'removing-disks'],
  ['STEP 1/6 Check device existence', 'replacing-disks'],
  [' - INFO: dry-run mode requested, not actually executing the operation', undefined],
  ['a script says: 100% done', undefined],
  ['   - progress: 120%', 'syncing-disks'],
  ['', undefined],
]

for (const [text, phase, percentage] of lines) {
  const what = phase === undefined ? 'no phase' : [phase, percentage].join(' ').trim()
  t.test(`${JSON.stringify(text)}: ${what}`, async (t) => {
    const parsed = parseLogLine(text)
    t.strictSame([parsed.phase, parsed.percentage], [phase, percentage])
  })
}

const levels: readonly [text: string, level: string][] = [
  [' - INFO: Hotplug done.', 'info'],
  [' - WARNING: On n1 script instance-reboot-post.d/90-fail failed, output: no', 'warning'],
  ['  - ERROR: node n1.lab.example: node setup error', 'error'],
  ['WARNING: not of Ganeti’s form', 'info'],
]

for (const [text, level] of levels) {
  t.test(`${text} is ${level}`, async (t) => t.equal(parseLogLine(text).level, level))
}

t.test(
  'no recorded line about an instance’s disks, transfer or start is without a phase',
  async (t) => {
    const texts = scenarioNames('jobs')
      .flatMap((scenario) => recordedVersions('jobs', scenario))
      .flatMap(({ bytes }) => [
        ...Buffer.from(bytes)
          .toString()
          .matchAll(/"message", "((?:[^"\\]|\\.)*)"/g),
      ])
      .map(([, text = '']) => JSON.parse(`"${text}"`) as string)
    const telling = texts.filter((text) => text.startsWith('* ') || /disks? (?:are|\d)/.test(text))
    t.ok(telling.length > 100)
    const mute = telling.filter((text) => parseLogLine(text).phase === undefined)
    t.strictSame(
      [...new Set(mute)].filter((text) => !/^\* (?:Verifying|Gathering|Other|Hooks)/.test(text)),
      [],
    )
  },
)
