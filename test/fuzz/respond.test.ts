import t from 'tap'
import { fuzzResponder } from './respond.js'

/** `npm run fuzz` tries ten million. */
const packetCount = 100_000

t.test('no packet breaks the responder, and no answer is wrong', async (t) => {
  const { counts, servedBefore, servedAfter } = fuzzResponder(packetCount, 20261120)
  t.ok(servedBefore > 20, `${servedBefore} golden packets are answered`)
  t.equal(servedAfter, servedBefore, 'and they still are')
  t.equal(counts['internal-error'], 0)
  for (const name of [
    'offer',
    'ack',
    'nak',
    'router-advertisement',
    'dhcpv6-reply',
    'malformed-dhcp',
    'malformed-nd',
    'spoofed-source',
    'bad-checksum',
  ] as const)
    t.ok(counts[name] > 0, `${name} was reached ${counts[name]} times`)
})
