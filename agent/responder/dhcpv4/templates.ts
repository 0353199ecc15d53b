import { areBytesEqual } from '#wire/bytes.js'
import type { Dhcpv4Request } from '#wire/dhcpv4/request.js'
import type { CompiledDhcpv4 } from './compile.js'
import { composeReply, replyAt, writeReply } from './compose.js'
import type { ReplyPlan } from './reply-options.js'
import { isFitting, type ReplyTemplate, writeTemplate } from './template.js'
import { buildTemplate } from './template-build.js'

/** So many templates a network keeps: its guests ask in that many ways, and their names have that many lengths. */
const maxTemplateCount = 64

/**
 * The template for an answer: one of the two that the NIC used last; else one of its network's; else one built now. A NIC uses
 * a template only after it gave, byte for byte, what the ordinary encoder writes for this NIC.
 * @returns undefined for an answer that no template can stand for
 */
export function templateFor(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  plan: ReplyPlan,
): ReplyTemplate | undefined {
  const { latest, former } = compiled
  const parts = { compiled, request }
  if (latest !== undefined && isFitting(latest, parts, plan)) return latest
  const isFormer = former !== undefined && isFitting(former, parts, plan)
  const template = isFormer ? former : adoptTemplate(compiled, request, plan)
  if (template === undefined) return undefined
  compiled.latest = template
  compiled.former = latest
  return template
}

function adoptTemplate(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  plan: ReplyPlan,
): ReplyTemplate | undefined {
  const frame = encodedReply(compiled, request, plan)
  const parts = { compiled, request, decision: plan.decision }
  const { network } = compiled
  const known = network.templates.find(
    (template) => isFitting(template, parts, plan) && gives(template, parts, frame),
  )
  if (known !== undefined) return known
  const built = buildTemplate(compiled, request, { plan, frame })
  if (built === undefined || !gives(built, parts, frame)) return undefined
  network.templates = [built, ...network.templates.slice(0, maxTemplateCount - 1)]
  return built
}

/** The answer's frame as the ordinary encoder writes it. */
function encodedReply(
  compiled: CompiledDhcpv4,
  request: Dhcpv4Request,
  plan: ReplyPlan,
): Uint8Array {
  const reply = composeReply(compiled, request, plan)
  const bytes = new Uint8Array(replyAt.message + reply.maxBytes)
  return bytes.subarray(0, writeReply(compiled, reply, bytes, 0))
}

/** Whether a template gives this very frame. */
function gives(
  template: ReplyTemplate,
  parts: Parameters<typeof writeTemplate>[1],
  frame: Uint8Array,
): boolean {
  const { length } = frame
  const size = template.bytes.length
  const to = new Uint8Array(size)
  const written = writeTemplate(template, parts, { bytes: to, at: 0, size })
  return written === length && areBytesEqual({ from: frame, fromAt: 0, to, toAt: 0, length })
}
