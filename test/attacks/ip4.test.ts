import { arpAttacks } from './arp-attacks.js'
import { testAttacks } from './attacks.js'
import { ip4Attacks } from './ip4-attacks.js'

for (const mode of ['bridged', 'routed'] as const) testAttacks(mode, [...arpAttacks, ...ip4Attacks])
