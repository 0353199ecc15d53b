import t from 'tap'
import { labUnavailable } from './command.js'
import { runProof } from './proof.js'

const options = { skip: labUnavailable() ?? false, timeout: 600_000 }

t.test(
  'the firewall of bridged guests on Debian’s own kernel: each profile, both families',
  options,
  async (t) => runProof(t, 'rk-firewall', 25),
)

t.test(
  'what one private network has opened is open in no other; bridges that know VLANs',
  options,
  async (t) => runProof(t, 'rk-firewall-zones', 17),
)
