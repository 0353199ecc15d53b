import t from 'tap'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { dhcpv6Type } from '#wire/dhcpv6/option-code.js'
import { ask, association, clientId, codes, sent, told } from '../../support/dhcpv6.js'

t.test('configuration is what was asked for (RFC 9915 §18.3.9)', async (t) => {
  const configured = (...options: readonly Dhcpv6Option[]) =>
    codes(told(dhcpv6Type.informationRequest, [clientId, ...options])).slice(2)
  t.strictSame(configured(ask(24, 23, 23, 77)), [23, 24])
  t.strictSame(configured(ask(31, 56, 82, 83, 32)), [31, 56, 56, 82, 83, 32])
  t.strictSame(configured(ask()), [], 'an empty list asks for nothing')
  t.strictSame(configured(), [23, 24], 'no list: what every client needs')
})

t.test('the refresh time is told to who asks for information only (§21.23)', async (t) => {
  t.notOk(codes(told(dhcpv6Type.solicit, [clientId, association(3, 1), ask(32)])).includes(32))
})

t.test('INFORMATION-REQUEST needs no identifier, and gets none (§18.3.6)', async (t) => {
  const options = told(dhcpv6Type.informationRequest, [ask(23)])
  t.strictSame(codes(options), [2, 23])
})

t.test('a name is told to who asks for it, without DNS updates (RFC 4704 §6)', async (t) => {
  const wish = (flags: number): Dhcpv6Option => ({
    kind: 'fqdn',
    code: 39,
    flags,
    name: 'x',
    isComplete: false,
  })
  const fqdn = (...options: readonly Dhcpv6Option[]) =>
    told(dhcpv6Type.informationRequest, [clientId, ...options]).find(({ code }) => code === 39)
  t.match(fqdn(ask(39)), { flags: 4, name: 'guest1.example.org', isComplete: true })
  t.match(fqdn(ask(39), wish(1)), { flags: 6 }, 'O: the client wanted updates')
  t.match(fqdn(wish(0)), { flags: 4 })
  t.equal(fqdn(ask(23), wish(0)), undefined)
  const short = told(dhcpv6Type.informationRequest, [clientId, ask(39)], { domain: undefined })
  t.match(short[2], { name: 'guest1', isComplete: false })
})

t.test('each NTP server stands in an option 56 of its own (RFC 5908 §4)', async (t) => {
  const options = told(dhcpv6Type.informationRequest, [clientId, ask(56)]).filter(
    ({ code }) => code === 56,
  )
  const suboption = (last: number) =>
    Uint8Array.of(0, 1, 0, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, last)
  t.strictSame(
    options.map((it) => 'value' in it && it.value),
    [suboption(0x23), suboption(0x24)],
  )
})

t.test('raw options win, but never over what belongs to the exchange', async (t) => {
  const rawOptions = [
    { code: 23, value: Uint8Array.of(1, 2, 3) },
    { code: 2, value: Uint8Array.of(9) },
  ]
  const options = told(dhcpv6Type.informationRequest, [clientId, ask(23, 24, 2)], { rawOptions })
  t.strictSame(codes(options), [1, 2, 24, 23])
  t.match(options[3], { kind: 'bytes', value: Uint8Array.of(1, 2, 3) })
})

const boot = [
  { architectures: [7, 9], userClass: undefined, server: '2001:db8::69', file: '/boot.efi' },
  { architectures: [16], userClass: undefined, server: undefined, file: 'http://b.example/x.efi' },
  { architectures: [], userClass: 'iPXE', server: undefined, file: 'https://b.example/s.ipxe' },
  { architectures: [], userClass: undefined, server: undefined, file: 'no-url' },
]
const userClass: Dhcpv6Option = {
  kind: 'bytes',
  code: 15,
  value: Uint8Array.of(0, 4, ...Buffer.from('iPXE')),
}
const httpClass: Dhcpv6Option = {
  kind: 'bytes',
  code: 16,
  value: Uint8Array.of(0, 0, 1, 0x57, 0, 10, ...Buffer.from('HTTPClient')),
}
const booted: readonly {
  readonly what: string
  readonly options: readonly Dhcpv6Option[]
  readonly url: string | undefined
}[] = [
  {
    what: 'UEFI x64, one of several architectures',
    options: [{ kind: 'numbers', code: 61, values: [6, 7] }],
    url: 'tftp://[2001:db8::69]/boot.efi',
  },
  {
    what: 'UEFI by HTTP',
    options: [{ kind: 'numbers', code: 61, values: [16] }, httpClass],
    url: 'http://b.example/x.efi',
  },
  { what: 'iPXE', options: [userClass], url: 'https://b.example/s.ipxe' },
  { what: 'nothing that a rule is for', options: [], url: undefined },
]
for (const { what, options, url } of booted) {
  t.test(`${what} boots from ${url ?? 'nowhere'} (RFC 5970)`, async (t) => {
    const answered = told(dhcpv6Type.informationRequest, [clientId, ...options, ask(59)], { boot })
    t.strictSame(
      answered.flatMap((it) => (it.kind === 'text' ? [it.text] : [])),
      url === undefined ? [] : [url],
    )
    const isHttp = options.includes(httpClass)
    t.strictSame(
      answered.find(({ code }) => code === 16),
      isHttp ? httpClass : undefined,
    )
  })
}

t.test('an answer that neither slot nor tap can carry is not sent', async (t) => {
  const searchList = Array.from({ length: 50 }, (_, i) => `${'a'.repeat(40)}${i}.example.org`)
  const { outcome } = sent(dhcpv6Type.informationRequest, [clientId, ask(24)], {
    change: { searchList },
  })
  t.strictSame(outcome, { kind: 'drop', reason: 'too-large' })
  t.match(
    sent(dhcpv6Type.informationRequest, [clientId, ask(23)], { change: { searchList } }).outcome,
    {
      kind: 'reply',
    },
  )
})
