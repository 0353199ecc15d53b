import { writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { writeU16 } from '#wire/bytes.js'
import { dhcpFrame } from '../clients/packets.js'
import { complaints, fields } from './capture.js'
import { siteUnavailable } from './site-unavailable.js'

const source = 'aa:00:00:00:00:01'

/** A capture with one frame: header of the file, header of the record (libpcap, pcap-savefile(5)), frame. */
function pcapOf(frame: Uint8Array): Uint8Array {
  const words = [0xa1b2c3d4, 0x0002_0004, 0, 0, 65_535, 1, 0, 0, frame.length, frame.length]
  const header = Buffer.alloc(words.length * 4)
  for (const [index, word] of words.entries()) header.writeUInt32BE(word, index * 4)
  return Buffer.concat([header, frame])
}

t.test(
  'what tshark has to say against a frame',
  { skip: siteUnavailable() ?? false },
  async (t) => {
    const cases = [
      { name: 'nothing, when it is sound', spoil: () => undefined, wanted: /^$/ },
      {
        name: 'a wrong checksum of UDP',
        spoil: (frame: Uint8Array) => writeU16(frame, 14 + 20 + 6, 0x1234),
        wanted: /Bad checksum/,
      },
      {
        name: 'a wrong checksum of IPv4',
        spoil: (frame: Uint8Array) => writeU16(frame, 14 + 10, 0x1234),
        wanted: /Bad checksum/,
      },
      {
        name: 'an option that is too long',
        spoil: (frame: Uint8Array) => {
          frame[14 + 20 + 8 + 241] = 200
          writeU16(frame, 14 + 20 + 6, 0)
        },
        wanted: /\S/,
      },
    ]
    for (const { name, spoil, wanted } of cases) {
      const frame = dhcpFrame({ type: 'discover', xid: 1, source })
      spoil(frame)
      const file = path.join(t.testdir(), 'one.pcap')
      writeFileSync(file, pcapOf(frame))
      t.match((await complaints(file, [source])).join('\n'), wanted, name)
      t.same(
        await complaints(file, ['aa:00:00:00:00:02']),
        [],
        'frames of others are not looked at',
      )
      t.same(await fields(file, 'dhcp', ['eth.src']), [[source]], 'one frame was read')
    }
  },
)
