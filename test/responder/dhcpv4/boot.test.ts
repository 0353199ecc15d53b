import t from 'tap'
import type { BootRule } from '#binding/service.js'
import { type Dhcpv4Message, decodeDhcpv4 } from '#wire/dhcpv4/message.js'
import {
  type Answered,
  answered,
  ascii,
  compiledNic,
  frameOf,
  number,
  optionHex,
  type Sent,
} from '../../support/nic4.js'
import { packetFixture } from '../../support/packet.js'

const bios: BootRule = {
  architectures: [0],
  userClass: undefined,
  server: '192.0.2.69',
  file: 'pxelinux.0',
}
const efi: BootRule = { ...bios, architectures: [7, 9], file: 'boot/grubx64.efi' }
const http: BootRule = {
  architectures: [15, 16],
  userClass: undefined,
  server: undefined,
  file: 'http://boot.example.org/shim.efi',
}
const ipxe: BootRule = {
  architectures: [],
  userClass: 'iPXE',
  server: undefined,
  file: 'https://boot.example.org/menu.ipxe',
}
const any: BootRule = { ...bios, architectures: [], file: 'any' }

const pxeClass = ascii('PXEClient:Arch:00000:UNDI:002001')

/** Which rule a client gets: processor architectures by IANA, user class by RFC 3004 or as iPXE sends it. */
const choices: readonly [string, readonly BootRule[], Sent['options'], string][] = [
  [
    'BIOS',
    [efi, bios],
    [
      [93, [0, 0]],
      [60, pxeClass],
    ],
    'pxelinux.0',
  ],
  [
    'UEFI of x86-64',
    [bios, efi],
    [
      [93, [0, 7]],
      [60, pxeClass],
    ],
    'boot/grubx64.efi',
  ],
  [
    'UEFI by its other number',
    [bios, efi],
    [
      [93, [0, 9]],
      [60, pxeClass],
    ],
    'boot/grubx64.efi',
  ],
  ['the first of two that fit', [any, bios], [[93, [0, 0]]], 'any'],
  [
    'an unknown architecture',
    [bios, efi],
    [
      [93, [0, 11]],
      [60, pxeClass],
    ],
    '',
  ],
  ['no architecture', [bios, efi, any], [], 'any'],
  [
    'iPXE by its user class',
    [ipxe, bios],
    [
      [93, [0, 0]],
      [77, ascii('iPXE')],
    ],
    ipxe.file,
  ],
  ['iPXE by a list of classes (RFC 3004)', [ipxe, bios], [[77, [4, ...ascii('iPXE')]]], ipxe.file],
  [
    'a boot program that is not iPXE',
    [ipxe, bios],
    [
      [93, [0, 0]],
      [60, pxeClass],
    ],
    'pxelinux.0',
  ],
  [
    'PXE cannot use an URL',
    [{ ...http, architectures: [] }, bios],
    [
      [93, [0, 0]],
      [60, pxeClass],
    ],
    'pxelinux.0',
  ],
  [
    'HTTP boot cannot use a path',
    [any, http],
    [
      [93, [0, 16]],
      [60, httpClass()],
    ],
    http.file,
  ],
]

for (const [what, boot, options, file] of choices) {
  t.test(`boot file for ${what}: ${file || 'none'}`, async (t) => {
    const answer = answered(
      compiledNic({ boot }),
      frameOf({ options: [[53, [1]], ...(options ?? [])] }),
    )
    t.equal(textIn(answer?.message.file), file)
  })
}

t.test('OVMF’s PXE gets server and file in every place where one may look', async (t) => {
  const nic = compiledNic({ boot: [efi] })
  const frame = packetFixture('dhcpv4-discover-uefi-pxe')
  const { message } = must(answered(nic, frame))
  t.equal(message.siaddr, number('192.0.2.69'))
  t.equal(textIn(message.file), 'boot/grubx64.efi')
  t.equal(optionHex(message, 66), Buffer.from('192.0.2.69').toString('hex'))
  t.equal(optionHex(message, 67), Buffer.from('boot/grubx64.efi').toString('hex'))
  t.equal(optionHex(message, 60), undefined)
})

t.test('OVMF’s HTTP boot gets its class and an URL (UEFI §24.7)', async (t) => {
  const nic = compiledNic({ boot: [efi, http] })
  const { message } = must(answered(nic, packetFixture('dhcpv4-discover-uefi-http')))
  t.equal(optionHex(message, 60), Buffer.from('HTTPClient').toString('hex'))
  t.equal(optionHex(message, 67), Buffer.from(http.file).toString('hex'))
  t.equal(message.siaddr, 0)
})

t.test(
  'iPXE gets its script by its user class, a boot program of the ROM another file',
  async (t) => {
    const nic = compiledNic({ boot: [ipxe, bios] })
    const { message } = must(answered(nic, packetFixture('dhcpv4-discover-ipxe')))
    t.equal(textIn(message.file), ipxe.file)
    t.equal(optionHex(message, 67), Buffer.from(ipxe.file).toString('hex'))
  },
)

t.test('a raw vendor class stands in place of ours', async (t) => {
  const raw = [{ code: 60, value: Uint8Array.of(0x78) }]
  const nic = compiledNic({ boot: [http], rawOptions: raw })
  const { message } = must(answered(nic, packetFixture('dhcpv4-discover-uefi-http')))
  t.same(
    message.options?.filter(({ code }) => code === 60),
    [{ code: 60, value: Uint8Array.of(0x78) }],
  )
})

t.test('options 66, 67 and 150 for other clients that ask (RFC 5859)', async (t) => {
  const sent = frameOf({
    options: [
      [53, [1]],
      [55, [66, 67, 150]],
    ],
  })
  const { message } = must(answered(compiledNic({ boot: [any] }), sent))
  t.equal(optionHex(message, 150), 'c0000245')
  t.equal(optionHex(message, 67), Buffer.from('any').toString('hex'))
})

t.test('a path too long for field file goes out as option 67 alone', async (t) => {
  const file = `boot/${'x'.repeat(140)}`
  const { message } = must(
    answered(compiledNic({ boot: [{ ...any, file }] }), frameOf({ options: [[53, [1]]] })),
  )
  t.equal(optionHex(message, 67), Buffer.from(file).toString('hex'))
})

t.test('a NAK says nothing of booting', async (t) => {
  const sent = frameOf({
    options: [
      [53, [3]],
      [50, [192, 0, 2, 77]],
    ],
  })
  const { message } = must(answered(compiledNic({ boot: [any] }), sent))
  t.equal(message.siaddr, 0)
  t.equal(textIn(message.file), '')
})

function httpClass(): readonly number[] {
  const frame = packetFixture('dhcpv4-discover-uefi-http')
  const message: Dhcpv4Message | undefined = decodeDhcpv4(frame, 42, frame.length - 42)
  return Array.from(message?.options?.find(({ code }) => code === 60)?.value ?? [])
}

function must(answer: Answered | undefined): Answered {
  if (answer === undefined) throw new Error('no answer')
  return answer
}

function textIn(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('latin1')
}
