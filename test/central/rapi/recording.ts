import type { RapiRequest } from '#central/intent/rapi-request.js'

/** A call of Ganeti's API that was recorded. */
export interface Recording {
  /** Undefined for requests that we would never make. */
  readonly request: RapiRequest | undefined
  readonly target: string
  readonly status: number
  readonly answer: string
}

/** Reads `### request`, its text, `### response`, its text. */
export function readRecording(text: string): Recording {
  const [asked = '', answered = ''] = text.split(/^### response.*\n/m)
  const [head = '', ...bodies] = asked.replace(/^### request.*\n/, '').split('\n\n')
  const [, method = '', target = ''] = /^(\S+) (\S+)/.exec(head) ?? []
  const type = /^Content-Type: (.*)$/m.exec(head)?.[1]
  const body = bodies.join('\n\n').trim()
  const url = new URL(target, 'https://host')
  const isOurs = type === undefined ? body === '' : type === 'application/json'
  const query = Object.fromEntries(
    [...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)]),
  )
  const [, status = '0'] = /^HTTP\/1\.1 (\d+)/.exec(answered) ?? []
  return {
    request:
      isOurs && isObject(body)
        ? {
            method: method as RapiRequest['method'],
            path: url.pathname,
            query,
            ...(body === '' ? {} : { body: JSON.parse(body) }),
          }
        : undefined,
    target: `${url.pathname}${url.searchParams.size === 0 ? '' : `?${url.searchParams}`}`,
    status: Number(status),
    answer: answered.slice(answered.indexOf('\n\n') + 2).trim(),
  }
}

function isObject(body: string): boolean {
  if (body === '') return true
  try {
    return typeof JSON.parse(body) === 'object'
  } catch {
    return false
  }
}
