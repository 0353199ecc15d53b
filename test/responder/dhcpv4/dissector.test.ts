import t from 'tap'
import { answerIpv4 } from '#responder/dhcpv4/answer.js'
import { dissected, lackOfDissector } from '../../support/dissector.js'
import { compiledNic, packetOf, richService } from '../../support/nic4.js'
import { packetFixture, packetNames } from '../../support/packet.js'

/** Every answer to every golden, of a NIC that has something to say of everything and of one that has nothing. */
function answers(): readonly { readonly name: string; readonly frame: Uint8Array }[] {
  const bare = { searchList: [], nameservers: [], ntpServers: [], router: undefined }
  const nics = [
    compiledNic(richService, 1450),
    compiledNic({ ...bare, hostname: undefined, domain: undefined }),
    compiledNic({ prefixLength: 32, hasRapidCommit: true }),
  ]
  return packetNames('dhcpv4-').flatMap((name) =>
    nics.flatMap((nic) => {
      const slot = { bytes: new Uint8Array(1514), at: 0, size: 1514 }
      const outcome = answerIpv4(nic, packetOf(packetFixture(name), false), slot)
      if (outcome.kind !== 'reply') return []
      return [{ name: `${outcome.what} to ${name}`, frame: slot.bytes.slice(0, outcome.length) }]
    }),
  )
}

const lack = lackOfDissector()
const skip = process.env['CI'] === 'true' ? false : (lack ?? false)

t.test('tshark has nothing to say against any answer, checksums included', { skip }, async (t) => {
  const all = answers()
  t.ok(all.length > 70, `${all.length} answers`)
  const verdicts = dissected(all.map(({ frame }) => frame))
  for (const [index, verdict] of verdicts.entries()) {
    t.same(
      verdict,
      { protocols: 'eth:ethertype:ip:udp:dhcp', complaints: '', areChecksumsGood: true },
      all[index]?.name ?? '',
    )
  }
})

t.test('tshark reads every golden as we do: as DHCP', { skip }, async (t) => {
  const names = packetNames('dhcpv4-')
  const verdicts = dissected(names.map(packetFixture))
  for (const [index, { protocols }] of verdicts.entries()) {
    t.equal(protocols, 'eth:ethertype:ip:udp:dhcp', names[index] ?? '')
  }
})
