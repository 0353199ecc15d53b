import { execFileSync } from 'node:child_process'
import t from 'tap'
import { labScript, labUnavailable } from './command.js'
import { runProof } from './proof.js'

t.test(
  'on Debian’s own kernel: VLAN-aware bridge, private VLANs, Open vSwitch, each by nic up and with real frames',
  { skip: labUnavailable() ?? false, timeout: 900_000 },
  async (t) => {
    process.env['LAB_RK_SEC'] = '880' // a machine that has much else to do
    const bundle = 'dist/test/lab/proofs/nic.cjs'
    execFileSync(process.execPath, ['scripts/bundle-hook.mjs', bundle])
    const ovs = execFileSync(labScript, ['ovs'], { encoding: 'utf8' }).trim()
    runProof(t, 'rk-nic-modes', 39, { files: [ovs] })
  },
)
