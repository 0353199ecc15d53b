import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseBinding } from '#binding/binding-file.js'
import { parseRuntimeFile } from '#ganeti/runtime-file.js'
import { bindingOf, bindingText } from '#nic/binding-text.js'
import { decideNic } from '#nic/decide.js'
import { nicOfRuntime } from '#nic/ganeti-nic.js'
import { fixturePath } from '../support/fixture.js'
import { desiredOf, nicConfig, nicOf, recordedVariables } from '../support/nic-setup.js'
import { samples } from './plan-samples.js'

const recorded = ['bridged', 'bridged', 'routed', 'bridged', 'bridged', 'routed'].map(
  (mode, index) => recordedVariables(`kvm-create-six-nics.nic${index}-${mode}`),
)

for (const { variables, sections } of [
  ...Object.values(samples),
  ...recorded.map((variables) => ({ variables, sections: {} })),
]) {
  const { nic } = desiredOf(variables, sections)
  t.test(
    `${nic.mode} ${nic.tap}, ${nic.instance}: the responder reads what was meant`,
    async (t) => {
      // networks have one thing more here, which the responder has no use for
      const { network } = bindingOf(nic)
      const { macPrefix: _, ...bound } = { macPrefix: undefined, ...network }
      const meant = { ...bindingOf(nic), network: network && bound }
      t.same(parseBinding(bindingText({ nic })), { ok: true, value: meant })
    },
  )
}

t.test('a prefix of the NIC’s own is what the responder advertises', async (t) => {
  const { variables, sections } = samples['routed, prefix of its own'] ?? {
    variables: {},
    sections: {},
  }
  t.match(parseBinding(bindingText(desiredOf(variables, sections))), {
    value: { network: { subnet6: { address: '2001:db8:100:2::', prefixLength: 64 } } },
  })
})

t.test(
  'nic up and repair write the same, from the environment and from the runtime file',
  async (t) => {
    const file = parseRuntimeFile(
      readFileSync(fixturePath('runtime', 'k2.lab.example.runtime'), 'utf8'),
    )
    const nics = file.ok ? file.value.nics : []
    for (const [index, variables] of recorded.entries()) {
      const nic = nicOf(variables)
      const described = nics[index]
      if (described === undefined) throw new Error(`no NIC ${index}`)
      const { tap, instance, instanceTags } = nic
      const again = decideNic(nicOfRuntime({ tap, instance, index, described, instanceTags }), {
        config: nicConfig(),
        stance: undefined,
      })
      const desired = desiredOf(variables)
      t.strictSame(again, { ok: true, value: desired })
      t.equal(again.ok && bindingText(again.value), bindingText(desired))
    }
  },
)
