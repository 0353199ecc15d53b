import { err, ok, type Result } from '#result.js'

/** Reads the body of a message between agents as an object of this type; what its fields are is the caller's to ask. Never throws. */
export function parseNoticeBody(
  body: string,
  { type, maxBytes }: { readonly type: string; readonly maxBytes: number },
): Result<Readonly<Record<string, unknown>>, string> {
  if (body.length > maxBytes) return err(`is larger than ${maxBytes} bytes`)
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return err('is no JSON')
  }
  if (typeof value !== 'object' || value === null) return err('wants a JSON object')
  const fields = value as Readonly<Record<string, unknown>>
  return fields['type'] === type ? ok(fields) : err(`type: wants ${type}`)
}
