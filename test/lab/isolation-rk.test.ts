import t from 'tap'
import { labUnavailable } from './command.js'
import { runProof } from './proof.js'

t.test(
  'attacks on Debian’s own kernel work without the rules that stop them, and not with them',
  { skip: labUnavailable() ?? false, timeout: 600_000 },
  async (t) => {
    process.env['LAB_RK_SEC'] = '580' // a machine that has much else to do
    runProof(t, 'rk-guard', 31, { files: ['dist/test/attacks', 'dist/test/nic'] })
  },
)
