/**
 * What our entry costs an operation: wall time of Ganeti's own HooksRunner with the entry alone in the folder, against one with an empty
 * script, in turns, in one process, on a node of a laboratory. The environment is that of an instance with eight NICs.
 *
 *     node dist/bench/hooks.js [runs of each, 1000]
 */
import { writeFileSync } from 'node:fs'
import { openLab } from '../test/lab/lab.js'
import { printTable, quantile } from './harness.js'

const [, , runsText = '1000'] = process.argv

const program = `
import json, os, shutil, sys, time
sys.path[:0] = ["/usr/share/ganeti/3.1", "/usr/share/ganeti/default"]
from ganeti import backend, constants
base = "/root/bench-hooks"
shutil.rmtree(base, ignore_errors=True)
for name in ("empty", "okeanid"):
    os.makedirs(f"{base}/{name}-post.d")
with open(f"{base}/empty-post.d/50-empty", "w") as script:
    script.write("#!/bin/sh\\nexit 0\\n")
os.chmod(f"{base}/empty-post.d/50-empty", 0o755)
os.symlink("/usr/lib/okeanid/hooks/okeanid-post", f"{base}/okeanid-post.d/50-okeanid")
env = {"PATH": "/sbin:/bin:/usr/sbin:/usr/bin", "GANETI_HOOKS_PHASE": "post", "GANETI_HOOKS_PATH": "instance-modify",
       "GANETI_OP_CODE": "OP_INSTANCE_SET_PARAMS", "GANETI_OBJECT_TYPE": "INSTANCE"}
for when in ("", "POST_"):
    env[f"GANETI_{when}INSTANCE_NAME"] = "bench.lab.example"
    env[f"GANETI_{when}INSTANCE_NIC_COUNT"] = "8"
    for nic in range(8):
        for key, value in (("UUID", "1155d026-daab-4397-a1cc-f10a2b3ca603"), ("IP", "192.0.2.3"), ("MAC", "aa:00:01:a4:eb:ce"),
                           ("MODE", "bridged"), ("LINK", "br0"), ("NETWORK_NAME", "net-public"), ("NETWORK_SUBNET", "192.0.2.0/24"),
                           ("NETWORK_SUBNET6", "2001:db8:1::/64"), ("NETWORK_TAGS", "nfdhcpd"), ("BRIDGE", "br0")):
            env[f"GANETI_{when}INSTANCE_NIC{nic}_{key}"] = value
runner = backend.HooksRunner(hooks_base_dir=base)
spool = "/var/lib/okeanid/spool/hooks"
times = {"empty": [], "okeanid": []}
for run in range(${Number(runsText)}):
    for name in times:
        begin = time.perf_counter()
        results = runner.RunHooks(name, "post", dict(env, GANETI_RUN=str(run)))
        times[name].append((time.perf_counter() - begin) * 1000)
        assert [(status, said) for _, status, said in results] == [(constants.HKR_SUCCESS, "")], results
left = [name for name in os.listdir(spool) if name.endswith(".json")]
for name in left:
    os.unlink(f"{spool}/{name}")
print(json.dumps({"times": times, "left": len(left)}))
`

await using lab = await openLab({
  ...{ nodes: 1, hypervisor: 'fake', hasBroker: false, hasApi: false },
})
await lab.deploy()
// who takes what is left is not measured: it runs behind the job's back
await lab.execOk('n1', ['systemctl', 'stop', 'okeanid-hooks.path', 'okeanid-hooks.service'])
writeFileSync(lab.path('n1', '/root/bench-hooks.py'), program)
const { times, left } = JSON.parse(await lab.execOk('n1', ['python3', '/root/bench-hooks.py'])) as {
  readonly times: Readonly<Record<'empty' | 'okeanid', readonly number[]>>
  readonly left: number
}
printTable(
  ['script', 'runs', 'p50 ms', 'p90 ms', 'p99 ms', 'left in the spool'],
  (['empty', 'okeanid'] as const).map((name) => [
    name === 'empty' ? 'an empty script' : 'hooks/okeanid-post',
    times[name].length,
    ...[0.5, 0.9, 0.99].map((share) => quantile(times[name], share).toFixed(2)),
    name === 'empty' ? '' : left,
  ]),
)
const added = times.okeanid.map((ms, run) => ms - (times.empty[run] ?? 0))
console.log(
  `\nadded to an empty script, pair by pair: p50 ${quantile(added, 0.5).toFixed(2)} ms, p99 ${quantile(added, 0.99).toFixed(2)} ms`,
)
