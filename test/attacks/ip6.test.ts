import { testAttacks } from './attacks.js'
import { ip6Attacks } from './ip6-attacks.js'

for (const mode of ['bridged', 'routed'] as const) testAttacks(mode, ip6Attacks)
