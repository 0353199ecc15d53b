import { testAttacks } from './attacks.js'
import { linkAttacks } from './link-attacks.js'

testAttacks('bridged', linkAttacks)
testAttacks('routed', linkAttacks)
