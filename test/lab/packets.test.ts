import t from 'tap'
import { labUnavailable } from './command.js'
import { runProof } from './proof.js'

t.test(
  'packets of nft’s bridge family on Debian’s own kernel: port, VLAN tag, Ethernet header, verdicts',
  { skip: labUnavailable() ?? false, timeout: 300_000 },
  async (t) => runProof(t, 'rk-packets', 24),
)
