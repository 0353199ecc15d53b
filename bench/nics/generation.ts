/** Prints the number of the ruleset's generation in the network where it runs. */
import { readGeneration } from '#kernel/rule-dump.js'

process.stdout.write(`${readGeneration()}\n`)
