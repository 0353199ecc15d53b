import t from 'tap'
import { labUnavailable } from './command.js'
import { runProof } from './proof.js'

t.test(
  'queueing by nft on Debian’s own kernel: every situation, order of the hooks, upkeep, removal',
  { skip: labUnavailable() ?? false, timeout: 300_000 },
  async (t) => runProof(t, 'rk-queueing', 73),
)
