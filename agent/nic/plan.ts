import { assertNever, err, ok, type Result } from '#result.js'
import { bindingText } from './binding-text.js'
import type { DesiredNic } from './desired.js'
import type { BridgeFacts, NicFacts } from './facts.js'
import { downScriptOf, type Left } from './left.js'
import { planBridged } from './plan-bridged.js'
import { planOpenvswitch } from './plan-openvswitch.js'
import { planRouted } from './plan-routed.js'
import { ruleLine } from './rule-line.js'
import { nicRules, removeRules } from './rules/nic-rules.js'
import type { Step } from './step.js'

/**
 * The steps that make a tap what was decided: rules first, then where it belongs, then up, then what need not succeed. Each may be
 * applied to a tap that is already so.
 *
 * @returns the problem when this host lacks what the NIC wants: a sentence of printable ASCII
 */
export function planUp(desired: DesiredNic, facts: NicFacts): Result<readonly Step[], string> {
  const rest = planBeyondRules(desired, facts)
  return rest.ok ? ok([rulesStep(desired), ...rest.value]) : rest
}

/** The same without its rules. */
export function planBeyondRules(
  desired: DesiredNic,
  facts: NicFacts,
): Result<readonly Step[], string> {
  const { nic } = desired
  if (facts.tap === undefined) return err(`there is no interface ${nic.tap} on this node`)
  const attach = planAttachment(desired, facts)
  if (!attach.ok) return attach
  return ok([
    ...attach.value,
    {
      kind: 'binding',
      what: `tell the responder of ${nic.tap}`,
      need: 'may',
      text: bindingText(desired),
    },
  ])
}

/**
 * The steps that remove what a tap has left behind; none while it is there: Ganeti 3.2 calls its `down` script on a mere request to
 * shut down, while the guest still runs.
 * @param left of the NIC whose record says that it was set up on a tap of this name
 * @param facts whether the tap is there, and who still uses its private bridge
 */
export function planDown(
  left: Left,
  facts: {
    readonly isTapThere: boolean
    readonly privateBridge: Pick<BridgeFacts, 'ports' | 'isOurs'> | undefined
  },
): readonly Step[] {
  if (facts.isTapThere) return []
  const { tap, proxies, privateBridge, ovsBridge, script } = left
  const lines = [
    ...left.lookups.map((family) => ruleLine('del', { tap, family })),
    ...proxies.map(({ address, device }) => `neigh del proxy ${address} dev ${device}`),
    ...unusedBridge(privateBridge, facts.privateBridge),
  ]
  return [
    ...(lines.length === 0
      ? []
      : [{ kind: 'clear' as const, what: `remove what ${tap} left`, need: 'may' as const, lines }]),
    ...(ovsBridge === undefined
      ? []
      : [
          {
            kind: 'ovs' as const,
            what: `remove port ${tap} of ${ovsBridge}`,
            need: 'may' as const,
            args: ['--if-exists', 'del-port', tap],
            undo: [],
          },
        ]),
    ...(script === undefined ? [] : [downScriptStep(script)]),
    {
      kind: 'rules',
      what: `remove the rules of ${tap}`,
      need: 'may',
      script: removeRules(tap),
      undo: '',
    },
    { kind: 'forget', what: `forget ${tap}`, need: 'may', tap },
  ]
}

function downScriptStep(script: string): Step {
  const path = downScriptOf(script)
  return { kind: 'script', what: `run ${path}`, need: 'may', path, undoPath: undefined }
}

/** A bridge that was made for its taps goes with the last of them, its VLAN device before it. */
function unusedBridge(
  bridge: Left['privateBridge'],
  found: Pick<BridgeFacts, 'ports' | 'isOurs'> | undefined,
): readonly string[] {
  if (bridge === undefined || found?.isOurs !== true) return []
  const { device } = bridge.vlan
  return found.ports.every((port) => port === device)
    ? [`link del dev ${device}`, `link del dev ${bridge.bridge}`]
    : []
}

/** The step that makes a tap's rules what was decided. */
export function rulesStep(desired: DesiredNic): Step {
  const { apply, remove } = nicRules(desired)
  const { tap } = desired.nic
  return {
    kind: 'rules',
    what: `put the rules of ${tap} in place`,
    need: 'must',
    script: apply,
    undo: remove,
  }
}

function planAttachment(desired: DesiredNic, facts: NicFacts): Result<readonly Step[], string> {
  const { attachment } = desired
  switch (attachment.kind) {
    case 'bridged':
      return planBridged({ desired, attachment, facts })
    case 'routed':
      return ok(planRouted(desired, facts))
    case 'openvswitch':
      return ok(planOpenvswitch({ desired, attachment, facts }))
    case 'ext':
      return ok([
        {
          kind: 'script',
          what: `run ${attachment.script}`,
          need: 'must',
          path: attachment.script,
          undoPath: downScriptOf(attachment.script),
        },
      ])
    default:
      return assertNever(attachment)
  }
}
