import { testAttacks } from './attacks.js'
import { ndAttacks, raAttacks } from './nd-attacks.js'

testAttacks('bridged', [...ndAttacks, ...raAttacks])
