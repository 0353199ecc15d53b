import type { Dhcpv6Message } from '#wire/dhcpv6/message.js'
import type { Dhcpv6Option } from '#wire/dhcpv6/option.js'
import { dhcpv6Frame, type FrameWish, ip6, packetOf } from './frame6.js'
import { answer, changedDhcp6, cidr6, type Dhcp6Changes, nicService, testNetwork6 } from './nic6.js'

/** Option 1 of the guest. */
export const clientId: Dhcpv6Option = {
  kind: 'bytes',
  code: 1,
  value: Uint8Array.of(0, 3, 0, 1, 0xaa, 0, 0, 0x12, 0x34, 0x56),
}
/** Option 2 as the service has it. */
export const serverId: Dhcpv6Option = { kind: 'bytes', code: 2, value: testNetwork6.serverDuid }
/** Option 2 of somebody else. */
export const otherServer: Dhcpv6Option = {
  kind: 'bytes',
  code: 2,
  value: Uint8Array.of(0, 3, 9, 9),
}
/** The address that the service gives. */
export const ownAddress6 = '2001:db8:1::10'

/** An address that a client holds. */
export function address(text: string): Dhcpv6Option {
  const lifetimes = { preferredSeconds: 100, validSeconds: 200, options: [] }
  return { kind: 'address', code: 5, address: ip6(text), ...lifetimes }
}
/** A prefix that a client holds. */
export function prefix(text: string): Dhcpv6Option {
  const lifetimes = { preferredSeconds: 100, validSeconds: 200, options: [] }
  return { kind: 'prefix', code: 26, prefix: cidr6(text), ...lifetimes }
}
/** IA_NA or IA_PD with what the client holds. */
export function association(code: 3 | 25, iaid: number, ...options: readonly Dhcpv6Option[]) {
  return { kind: 'association', code, iaid, renewSeconds: 0, rebindSeconds: 0, options } as const
}
/** Option 6. */
export const ask = (...values: readonly number[]): Dhcpv6Option => ({
  kind: 'numbers',
  code: 6,
  values,
})

/** What becomes of a message with these options. */
export function sent(
  type: number,
  options: readonly Dhcpv6Option[],
  { change = {}, wish = {} }: { readonly change?: Dhcp6Changes; readonly wish?: FrameWish } = {},
) {
  const message: Dhcpv6Message = { type, transactionId: 0xabcdef, options }
  const nic = nicService({ dhcp6: changedDhcp6(change) })
  return answer(nic, packetOf(dhcpv6Frame(message, wish)))
}

/** The options of the answer to a message with these options. */
export function told(
  type: number,
  options: readonly Dhcpv6Option[],
  change: Dhcp6Changes = {},
): readonly Dhcpv6Option[] {
  const { outcome, reply } = sent(type, options, { change })
  if (reply?.dhcp === undefined) throw new Error(`no answer: ${JSON.stringify(outcome)}`)
  return reply.dhcp.options
}
/** Codes of options. */
export const codes = (options: readonly Dhcpv6Option[]) => options.map(({ code }) => code)
/** The associations among options. */
export const associations = (options: readonly Dhcpv6Option[]) =>
  options.filter(({ code }) => code === 3 || code === 4 || code === 25)

/** Status codes and lifetimes that an association holds, as one line. */
export function summary(options: readonly Dhcpv6Option[]): readonly string[] {
  return associations(options).map((it) =>
    'options' in it
      ? it.options
          .map((inner) => {
            if (inner.kind === 'status') return `status ${inner.status}`
            if (inner.kind === 'address') return `${inner.address} ${inner.validSeconds}`
            return inner.kind === 'prefix'
              ? `${inner.prefix.address}/${inner.prefix.prefixLength} ${inner.validSeconds}`
              : inner.kind
          })
          .join(', ')
      : '',
  )
}
