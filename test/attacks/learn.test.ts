import t from 'tap'
import { siteUnavailable } from '../support/site-unavailable.js'
import { testAttacks } from './attacks.js'
import { claimCount, learnAttacks, probe } from './learn-attacks.js'
import { openWorld } from './world.js'

testAttacks('bridged', learnAttacks)

const skip = siteUnavailable() ?? false

t.test('rules that are made anew do not let a guest claim as many again', { skip }, async (t) => {
  await using world = await openWorld('bridged')
  const { attacker } = world
  for (const round of ['a', 'b', 'c']) {
    await world.protect('learn', { keepsSets: round !== 'a' })
    attacker.peer.send(
      Array.from({ length: 20 }, (_, index) =>
        probe(world, attacker, `2001:db8:1::${round}:${index.toString(16)}`),
      ),
    )
    await world.settle()
    t.equal(await claimCount(world, attacker), 8, `round ${round}`)
  }
})
