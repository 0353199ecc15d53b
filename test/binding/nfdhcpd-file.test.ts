import fc from 'fast-check'
import t from 'tap'
import { type IfName, parseIfName } from '#addr/if-name.js'
import { parseNfdhcpdBinding } from '#binding/nfdhcpd-file.js'
import { faults, fixture, good } from './helpers.js'

function name(text: string): IfName {
  const tap = parseIfName(text)
  if (tap === undefined) throw new Error(text)
  return tap
}

const read = (text: string) => parseNfdhcpdBinding(text, name('tap1'))
const base = 'MAC=aa:00:00:00:00:01\nHOSTNAME=vm\nINDEV=br0\n'

t.test('a file like the README’s, with an empty MTU and upper-case digits', async (t) => {
  const binding = good(parseNfdhcpdBinding(fixture('nfdhcpd/tap7'), name('tap7')))
  t.strictSame(binding, {
    source: 'nfdhcpd',
    tap: 'tap7',
    mac: 'aa:00:00:1a:2b:3c',
    instance: 'readme.example.com',
    nic: 'tap7',
    mode: 'bridged',
    sourceDevice: 'br100',
    network: {
      name: undefined,
      uuid: undefined,
      tags: [],
      subnet: { address: '192.0.2.0', prefixLength: 24 },
      gateway: '192.0.2.1',
      subnet6: { address: '2001:db8:1::', prefixLength: 64 },
      gateway6: '2001:db8:1::1',
    },
    ip: '192.0.2.77',
    ip6: undefined,
    hostname: 'readme.example.com',
    delegatedPrefix: undefined,
    settings: {},
  })
})

t.test('CRLF, as snf-network’s order of keys has it, on a routed tap', async (t) => {
  const binding = good(parseNfdhcpdBinding(fixture('nfdhcpd/tap8'), name('tap8')))
  t.equal(binding.mode, 'routed')
  t.equal(binding.sourceDevice, 'tap8')
  t.equal(binding.ip, '198.51.100.9')
  t.equal(binding.network?.subnet6?.prefixLength, 64)
})

t.test('keys of forks, comments, and the last of a key counts', async (t) => {
  const binding = good(parseNfdhcpdBinding(fixture('nfdhcpd/tap9'), name('tap9')))
  t.equal(binding.ip, '10.0.0.5')
  t.equal(binding.ip6, '2001:db8:3::9')
  t.strictSame(binding.settings, {
    hasDefaultRoute: false,
    checksSource: false,
    mtu: 1400,
    nameservers4: ['10.0.0.2', '10.0.0.3'],
    nameservers6: ['2001:db8::53'],
    domain: 'fork.example',
    searchList: ['a.example', 'b.example'],
  })
})

t.test('a value ends at a second =, an empty one unsets, unknown keys are ignored', async (t) => {
  const binding = good(read(`${base}IP=10.0.0.1=x\nGATEWAY=10.0.0.9\nGATEWAY=\nFOO=1\n XIP=3\n`))
  t.equal(binding.ip, '10.0.0.1')
  t.equal(binding.network?.gateway, undefined)
})

t.test('without INDEV the tap itself answers', async (t) => {
  t.equal(good(read('MAC=aa:00:00:00:00:01\nHOSTNAME=vm')).sourceDevice, 'tap1')
})

const wrong: readonly [string, string][] = [
  ['HOSTNAME=vm', 'MAC: is missing'],
  ['MAC=aa:00:00:00:00:01', 'HOSTNAME: is missing'],
  ['MAC=aa:00:00:00:00\nHOSTNAME=vm', 'MAC: wants a hardware address'],
  ['MAC=ff:ff:ff:ff:ff:ff\nHOSTNAME=vm', 'MAC: is a group address'],
  [`${base}IP=10.0.0`, 'IP: wants an IPv4 address'],
  [`${base}SUBNET=10.0.0.0`, 'SUBNET: wants an IPv4 network'],
  [`${base}MTU=lots`, 'MTU: wants a whole number from 576 to 65535, or auto'],
]

for (const [text, says] of wrong) {
  t.test(`refused: ${says}`, async (t) => t.strictSame(faults(read(text)), [says]))
}

t.test('no text makes it throw', async () => {
  const whole = fixture('nfdhcpd/tap9')
  fc.assert(
    fc.property(fc.nat(whole.length), fc.string(), (at, inserted) => {
      read(whole.slice(0, at) + inserted + whole.slice(at))
    }),
    { numRuns: 1000 },
  )
})
