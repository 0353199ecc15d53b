import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { createDispatcher } from '#responder/dispatch.js'
import { openStatusSocket } from '#service/status-socket.js'
import { createTraceFeed } from '../../agent/bin/trace-feed.js'
import { hexText, packetFixture } from '../support/packet.js'

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A node with two served NICs; a short path, for sockets have no room for a long one. */
function makeNode(t: Test): { readonly run: string; readonly configFile: string } {
  const directory = mkdtempSync(path.join(tmpdir(), 'okeanid-dhcp-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const run = path.join(directory, 'run')
  mkdirSync(path.join(run, 'nics'), { recursive: true })
  for (const [index, mac] of ['aa:00:00:00:00:01', 'aa:00:00:00:00:02'].entries()) {
    const binding = {
      version: 1,
      tap: `nosuch${index}`,
      mac,
      instance: `vm${index}.example.com`,
      mode: 'routed',
      link: 'main',
      nic: { index: 0 },
      ip: `192.0.2.1${index}`,
      network: { name: 'net', subnet: '192.0.2.0/24', gateway: '192.0.2.1', tags: ['nfdhcpd'] },
    }
    writeFileSync(path.join(run, 'nics', `nosuch${index}.json`), JSON.stringify(binding))
  }
  const configFile = path.join(directory, 'okeanid.ini')
  const agent = `[agent]\nruntime_directory = ${run}\nstate_directory = ${directory}/state\n`
  writeFileSync(configFile, agent)
  return { run, configFile }
}

function okeanid(configFile: string, ...args: readonly string[]): Promise<Ended> {
  const program = ['dist/agent/bin/okeanid.js', 'dhcp', ...args, '--config', configFile]
  const env = { PATH: process.env['PATH'] ?? '' }
  return new Promise((resolve) => {
    execFile(process.execPath, program, { env }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

/** A pcap file, little endian: its header, then the packets. */
function pcap(linkType: number, packets: readonly Uint8Array[]): Buffer {
  const words = (...values: readonly number[]) => Buffer.from(Uint32Array.from(values).buffer)
  return Buffer.concat([
    words(0xa1b2c3d4, 0x0004_0002, 0, 0, 65_535, linkType),
    ...packets.flatMap((packet) => [words(0, 0, packet.length, packet.length), packet]),
  ])
}

const discover = packetFixture('dhcpv4-discover-udhcpc')

t.test('dhcp explain says what a captured packet is told', async (t) => {
  const { configFile } = makeNode(t)
  const { status, stdout } = await okeanid(
    configFile,
    'explain',
    hexText(discover),
    '--nic',
    'nosuch1',
  )
  t.equal(status, 0)
  t.match(stdout, /^vm1\.example\.com\/0 nosuch1: DHCPDISCOVER$/m)
})

t.test('dhcp explain of a packet without Ethernet source picks no NIC by chance', async (t) => {
  const { configFile } = makeNode(t)
  const { stdout } = await okeanid(configFile, 'explain', hexText(discover.subarray(14)))
  t.match(stdout, /^unknown NIC: DHCPDISCOVER$/m)
  t.match(stdout, /name a NIC with --nic/)
})

const unusable: readonly (readonly [string, Buffer, RegExp])[] = [
  ['tcpdump -i any', pcap(276, [discover]), /link type 276.*tcpdump -i TAP/],
  ['nothing', pcap(1, []), /has no whole packet/],
]
for (const [what, capture, says] of unusable)
  t.test(`dhcp explain of a capture of ${what} says why it says nothing`, async (t) => {
    const { configFile, run } = makeNode(t)
    const file = path.join(run, 'capture')
    writeFileSync(file, capture)
    t.match(await okeanid(configFile, 'explain', file), { status: 1, stdout: '', stderr: says })
  })

t.test('dhcp explain says that it cannot see the bindings', async (t) => {
  const { configFile, run } = makeNode(t)
  rmSync(path.join(run, 'nics'), { recursive: true })
  const { stdout, stderr } = await okeanid(configFile, 'explain', hexText(discover))
  t.match(stdout, /^unknown NIC/)
  t.match(stderr, /run\/nics: is not there or cannot be read/)
})

t.test('one dhcp trace too many ends and says so, instead of waiting for nothing', async (t) => {
  const { configFile, run } = makeNode(t)
  const dispatcher = createDispatcher({ perSecond: 1, burst: 1 }, () => {})
  const { follow } = createTraceFeed(dispatcher, { trace_clients: 0, trace_rate: 1 })
  const socket = await openStatusSocket(path.join(run, 'responder-role/status.sock'), {
    '/trace': { contentType: 'application/jsonl', follow },
  })
  t.teardown(() => socket.close())
  const ended = await okeanid(configFile, 'trace')
  t.match(ended, { status: 1, stdout: '', stderr: /too many traces.*trace_clients/ })
})
