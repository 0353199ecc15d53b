import { readFileSync } from 'node:fs'
import t from 'tap'
import type { NicFacts } from '#nic/facts.js'
import { leftOf } from '#nic/left.js'
import { planDown, planUp } from '#nic/plan.js'
import { formatPlan } from '#nic/plan-text.js'
import type { Step } from '#nic/step.js'
import { bridgedVariables, desiredOf, ifNames, usualFacts } from '../support/nic-setup.js'
import { type PlanSample, samples } from './plan-samples.js'

function plan({ variables, sections, facts }: PlanSample): readonly Step[] {
  const planned = planUp(desiredOf(variables, sections), facts)
  if (!planned.ok) throw new Error(planned.problem)
  return planned.value
}

/** What the document shows for a sample. */
function documented(name: string): string | undefined {
  const text = readFileSync('docs/nic-setup.md', 'utf8')
  return text.split(`<!-- plan: ${name} -->\n\n\`\`\`sh\n`)[1]?.split('```')[0]
}

/** Lines of `ip` and `bridge` that are not passed over when they fail. */
function lines(steps: readonly Step[]): readonly string[] {
  return steps.flatMap((step) => (step.kind === 'ip' || step.kind === 'bridge' ? step.lines : []))
}

for (const [name, sample] of Object.entries(samples)) {
  t.test(`${name}: the plan is the one of docs/nic-setup.md`, async (t) => {
    const shown = plan(sample).filter(({ kind }) => kind !== 'binding')
    t.equal(formatPlan(shown, { rules: 'hidden' }), documented(name))
  })

  t.test(`${name}: rules are in place before the link can be up`, async (t) => {
    const steps = plan(sample)
    const rules = steps.findIndex(({ kind }) => kind === 'rules')
    const up = steps.findIndex(
      (step) =>
        step.kind === 'script' ||
        (step.kind === 'ip' && step.lines.some((line) => /^link set dev tap0\b.* up$/.test(line))),
    )
    t.equal(rules, 0)
    t.ok(up > rules)
    t.equal(steps[rules]?.need, 'must')
  })

  t.test(`${name}: the responder is told last, and its ignorance fails no start`, async (t) => {
    t.match(plan(sample).at(-1), { kind: 'binding', need: 'may' })
  })

  t.test(`${name}: every step can be undone, and says what it does in ASCII`, async (t) => {
    for (const step of plan(sample)) {
      t.match(step.what, /^[\x20-\x7e]{5,80}$/)
      if (step.kind === 'rules') t.match(step.undo, /delete chain netdev okeanid from_tap0/)
      if (step.kind === 'ip' && lines([step]).some((line) => / (?:up|proxy|lookup) ?/.test(line))) {
        t.ok(step.undo.length > 0 || step.what === 'bring prv7 up', step.what)
      }
      if (step.kind === 'ovs' || step.kind === 'script') {
        t.ok(step.kind === 'ovs' ? step.undo.length > 0 : step.undoPath)
      }
    }
  })
}

t.test('what the host lacks is said before anything is done', async (t) => {
  const problem = (name: string, facts: Partial<NicFacts>) => {
    const { variables, sections, facts: usual } = samples[name] ?? missing(name)
    const planned = planUp(desiredOf(variables, sections), { ...usual, ...facts })
    return planned.ok ? undefined : planned.problem
  }
  const cases = [
    ['bridged', { tap: undefined }, /^there is no interface tap0 on this node$/],
    ['bridged', { bridge: undefined }, /^bridge br0 does not exist on this node$/],
    ['bridged, VLANs', usualFacts, /^bridge br0 does not filter VLANs/],
    [
      'bridged, private VLAN',
      { privateVlan: { hasDevice: false, hasUplink: false, isOurs: false } },
      /^interface eth1 of private_uplink does not exist/,
    ],
  ] as const
  for (const [name, facts, says] of cases) t.match(problem(name, facts), says, name)
})

function missing(name: string): never {
  throw new Error(`no sample ${name}`)
}

const vlanSample = samples['bridged, VLANs'] ?? missing('VLANs')
const privateSample = samples['bridged, private VLAN'] ?? missing('private')

t.test('the VLAN that every port has by default is left, unless it is the NIC’s own', async (t) => {
  const withVlan = (VLAN: string, defaultVlan: number, master: 'br0' | undefined = undefined) => {
    const { variables, facts } = vlanSample
    const [bridge] = ifNames('br0')
    return lines(
      plan({
        variables: { ...variables, VLAN },
        sections: {},
        facts: {
          ...facts,
          tap: { ifindex: 7, master: master && bridge },
          bridge: facts.bridge && { ...facts.bridge, defaultVlan },
        },
      }),
    ).filter((line) => line.includes('dev tap0 vid'))
  }
  const join = 'vlan add dev tap0 vid 5 pvid untagged'
  t.strictSame(withVlan('.5', 1), ['vlan del dev tap0 vid 1', join])
  t.strictSame(withVlan('.5', 0), [join])
  t.strictSame(withVlan('.5', 5), [join])
  t.strictSame(withVlan('.5', 1, 'br0'), [
    'vlan add dev tap0 vid 1',
    'vlan del dev tap0 vid 1',
    join,
  ])
  t.strictSame(withVlan(':5', 1), ['vlan del dev tap0 vid 1', 'vlan add dev tap0 vid 5'])
})

t.test(
  'a private bridge is made once, completed where it is half made, and always up',
  async (t) => {
    const made = (facts: Partial<NicFacts>) =>
      lines(plan({ ...privateSample, facts: { ...privateSample.facts, ...facts } })).filter(
        (line) =>
          line.includes('prv7') || line.includes('eth1.907') ? !line.includes('dev tap0') : false,
      )
    const bridge = (...ports: string[]) => ({
      mtu: 1500,
      isVlanAware: false,
      defaultVlan: 1,
      ports: ifNames(...ports),
      isOurs: true,
    })
    const add = [
      'link add name prv7 type bridge stp_state 0 forward_delay 0',
      'link set dev prv7 alias okeanid',
    ]
    const vlan = [
      'link add link eth1 name eth1.907 type vlan id 907',
      'link set dev eth1.907 alias okeanid',
    ]
    const join = 'link set dev eth1.907 master prv7'
    const up = ['link set dev eth1.907 up', 'link set dev prv7 up']
    const there = { hasDevice: true, hasUplink: true, isOurs: true }
    t.strictSame(made({}), [...add, ...vlan, join, ...up])
    t.strictSame(made({ bridge: bridge() }), [...vlan, join, ...up])
    t.strictSame(made({ privateVlan: there }), [...add, join, ...up])
    t.strictSame(made({ privateVlan: there, bridge: bridge('tap9') }), [join, ...up])
    t.strictSame(made({ privateVlan: there, bridge: bridge('eth1.907', 'tap9') }), up)
  },
)

t.test(
  'a bridge that the administrator made is his, and so is a device of that name',
  async (t) => {
    const { facts, sections, variables } = privateSample
    const bridge = { mtu: 1500, isVlanAware: false, defaultVlan: 1, ports: [], isOurs: false }
    const onHis = plan({ variables, sections, facts: { ...facts, bridge } })
    t.notOk(lines(onHis).some((line) => line.includes('eth1.907') || line.includes('add name')))
    t.ok(lines(onHis).includes('link set dev tap0 master prv7'))
    const privateVlan = { hasDevice: true, hasUplink: true, isOurs: false }
    t.match(planUp(desiredOf(variables, sections), { ...facts, privateVlan }), {
      ok: false,
      problem: /^interface eth1.907 is in use for something else/,
    })
  },
)

t.test('nothing of a tap is removed while it is there', async (t) => {
  for (const [name, { variables, sections, facts }] of Object.entries(samples)) {
    const left = leftOf(desiredOf(variables, sections), facts)
    t.strictSame(
      planDown(left, { isTapThere: true, privateBridge: { ports: [], isOurs: true } }),
      [],
      name,
    )
  }
})

t.test(
  'what outlives a tap is removed: rules, proxies, ports of databases, unused bridges',
  async (t) => {
    const down = (
      name: string,
      ports: readonly string[] | undefined = undefined,
      isOurs = true,
    ) => {
      const { variables, sections, facts } = samples[name] ?? missing(name)
      const left = leftOf(desiredOf(variables, sections), facts)
      const privateBridge = ports && { ports: ifNames(...ports), isOurs }
      return planDown(left, { isTapThere: false, privateBridge })
    }
    t.match(down('routed'), [
      {
        kind: 'clear',
        lines: [
          'rule del iif tap0 pref 500',
          '-6 rule del iif tap0 pref 500',
          'neigh del proxy 192.0.2.2 dev eth1',
          'neigh del proxy 2001:db8:1:0:a800:1ff:fea8:2be dev eth1',
        ],
      },
      { kind: 'rules', need: 'may' },
      { kind: 'forget', tap: 'tap0' },
    ])
    t.match(down('ext')[0], { kind: 'script', need: 'may', path: '/etc/okeanid/ext/down' })
    t.match(down('openvswitch')[0], { kind: 'ovs', args: ['--if-exists', 'del-port', 'tap0'] })
    const removed = {
      kind: 'clear',
      lines: ['link del dev eth1.907', 'link del dev prv7'],
    }
    t.match(down('bridged, private VLAN', ['eth1.907'])[0], removed)
    t.match(down('bridged, private VLAN', [])[0], removed)
    t.match(down('bridged, private VLAN', ['eth1.907', 'tap9'])[0], { kind: 'rules' })
    t.match(down('bridged, private VLAN')[0], { kind: 'rules' }, 'it is gone already')
    t.match(down('bridged, private VLAN', [], false)[0], { kind: 'rules' }, 'it was not ours')
    t.strictSame(
      down('bridged').map(({ kind }) => kind),
      ['rules', 'forget'],
    )
  },
)

t.test('a host that answers nowhere for its guests makes no proxies', async (t) => {
  const { variables, facts } = samples['routed'] ?? missing('routed')
  const none = { v4: undefined, v6: undefined }
  const steps = plan({ variables, sections: {}, facts: { ...facts, uplinks: none } })
  const proxies = lines(steps).filter((line) => line.includes('proxy'))
  t.strictSame(
    proxies,
    ['neigh replace proxy 2001:db8:1::1 dev tap0'],
    'but for its gateway on the tap',
  )
  const elsewhere = plan({ variables, sections: { nic: { proxy_on: 'eth7' } }, facts })
  t.ok(lines(elsewhere).includes('neigh replace proxy 192.0.2.2 dev eth7'))
})

t.test('a port never has its guest’s own address, or the bridge keeps its frames', async (t) => {
  const variables = { ...bridgedVariables, MAC: 'fe:00:01:a8:02:be' }
  const steps = plan({ variables, sections: {}, facts: usualFacts })
  t.match(lines(steps)[0], /address fc:00:01:a8:02:be/)
})
