import type { RoleStatus } from './node-status.js'

/** What is amiss with a role, by its own word, a few words each; empty when it does what it is there for. */
export function troublesOf(status: RoleStatus): readonly string[] {
  switch (status.role) {
    case 'events': {
      const { broker, outbox, node } = status
      return [
        ...(node === null ? ['events: not in a cluster'] : []),
        ...(['connected', 'disabled'].includes(broker.state)
          ? []
          : [
              `events: broker ${broker.state}${broker.problem === null ? '' : `: ${broker.problem}`}`,
            ]),
        ...(outbox.isWritable ? [] : [`events: outbox not writable: ${outbox.problem ?? ''}`]),
        ...(outbox.held === 0
          ? []
          : [`events: ${outbox.held} messages held: ${outbox.heldReason}`]),
      ]
    }
    case 'responder': {
      const deaf = status.queues.filter(({ state }) => state.kind !== 'bound')
      return [
        ...(deaf.length === 0
          ? []
          : [`responder: queues not bound: ${deaf.map(({ number }) => number).join(', ')}`]),
        ...(status.nics.problems === 0
          ? []
          : [`responder: ${status.nics.problems} bindings unusable`]),
      ]
    }
    case 'nics': {
      const { rules, nics } = status
      const wrong = nics.last?.wrong ?? 0
      return [
        ...(nics.failure === undefined ? [] : [`nics: not looked after: ${nics.failure}`]),
        ...(rules.problem === null ? [] : [`nics: rules not in place: ${rules.problem}`]),
        ...(wrong === 0 ? [] : [`nics: ${wrong} NICs wrong`]),
        ...(rules.refusals.length === 0 ? [] : ['nics: bridged taps not served']),
      ]
    }
    case 'hooks': {
      const { hooks, scripts } = status
      return [
        ...(hooks.problem === null ? [] : [`hooks: not handed on: ${hooks.problem}`]),
        ...(scripts.held_up ? ['hooks: scripts not run: no systemd'] : []),
      ]
    }
  }
}
