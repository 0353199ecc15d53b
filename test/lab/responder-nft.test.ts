import t from 'tap'
import { labUnavailable } from './command.js'
import { runProof } from './proof.js'

t.test(
  'real clients against the responder over nft’s queue, on Debian’s own kernel',
  { skip: labUnavailable() ?? false, timeout: 300_000 },
  async (t) => runProof(t, 'rk-responder', 15, { isWholeProgram: true }),
)
