import { testAttacks } from './attacks.js'
import { filterAttacks } from './filter-attacks.js'

testAttacks('bridged', filterAttacks)
