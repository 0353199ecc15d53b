import type { Guard } from '#nic/desired.js'
import type { Refusal } from '#nic/rules/reasons.js'
import type { NicMode } from '../support/site.js'
import { until } from '../support/until.js'
import type { Bytes } from './frames.js'
import type { Policy, World } from './world.js'

/** An attack: it must work without the rules that are named, and must not with them. */
export interface Attack {
  readonly name: string
  /** The rules that stop it, by their comments; all of them are taken out to show that it works. */
  readonly stops: readonly Refusal[]
  /** Which rules count it, when that is not all of {@link stops}. */
  readonly counted?: readonly Refusal[]
  /** What is taken out besides: rules that drop nothing themselves. */
  readonly disarm?: (world: World) => Promise<void>
  /** Default: bridged. */
  readonly modes?: readonly NicMode[]
  /** How the attacker's IPv6 is kept; default: strict. */
  readonly policies?: readonly Policy[]
  /** What of the attacker's guard is otherwise. */
  readonly guard?: (world: World) => Partial<Guard>
  /** Rules on the victim's tap. */
  readonly victimGuard?: (world: World) => Partial<Guard>
  /** Before each of both tries. */
  readonly prepare?: (world: World) => Promise<void>
  /** What the attacker sends; frames that carry the mark are found by it. */
  readonly frames: (world: World, mark: string) => readonly Bytes[]
  /** What it does otherwise, before or instead of sending. */
  readonly act?: (world: World, mark: string) => Promise<void>
  /** Whether it works: default: a frame with the mark reaches the victim. */
  readonly works?: (world: World, mark: string) => boolean | Promise<boolean>
  /** What the victim suffers, for the table. */
  readonly harm?: string
}

/** What became of one attack. */
export interface Outcome {
  readonly attack: Attack
  readonly mode: NicMode
  readonly policy: Policy
  /** Without its rules. */
  readonly worked: boolean
  /** With them. */
  readonly works: boolean
  /** What its rules have counted. */
  readonly refused: number
}

let tries = 0

/** A single frame may get lost on a busy machine: without its rules an attack may be tried so often. With them, one success is too many. */
const worksTries = 4

/** Tries an attack twice: without the rules that stop it, and with them. */
export async function tryAttack(world: World, attack: Attack, policy: Policy): Promise<Outcome> {
  const changes = {
    ...(attack.guard === undefined ? {} : { attacker: attack.guard(world) }),
    ...(attack.victimGuard === undefined ? {} : { victim: attack.victimGuard(world) }),
  }
  const works = attack.works ?? ((_, mark) => world.victim.peer.count(mark) > 0)
  const once = async (): Promise<string> => {
    const mark = `attack-${tries++}.`
    await attack.prepare?.(world)
    world.attacker.peer.send(attack.frames(world, mark))
    await attack.act?.(world, mark)
    await world.settle()
    return mark
  }
  await world.protect(policy, changes)
  await world.unprotect(attack.stops)
  await attack.disarm?.(world)
  let worked = false
  for (let round = 0; round < worksTries && !worked; round++) {
    const mark = await once()
    worked = await until(attack.name, async () => ((await works(world, mark)) ? true : undefined), {
      deadlineMs: 5000,
    }).catch(() => false)
  }
  await world.protect(policy, changes)
  const second = await once()
  const stillWorks = await works(world, second)
  const counts = await Promise.all(
    (attack.counted ?? attack.stops).map((reason) => world.refused(reason)),
  )
  return {
    attack,
    mode: world.mode,
    policy,
    worked,
    works: stillWorks,
    refused: counts.reduce((sum, count) => sum + count, 0),
  }
}
