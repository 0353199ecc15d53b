import http from 'node:http'
import https from 'node:https'

/** What came back. */
export interface JsonAnswer {
  readonly status: number
  readonly body: unknown
}

/** Longest answer that is read. */
const maxBytes = 1024 * 1024

/**
 * Reads a document of JSON; follows nobody elsewhere.
 * @throws Error when nobody answers in time, or the answer is no JSON or too long
 */
export function readJson(
  url: string,
  {
    headers,
    ca,
    timeoutMs,
  }: {
    readonly headers: Readonly<Record<string, string>>
    readonly ca: Buffer | undefined
    readonly timeoutMs: number
  },
): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    const { request } = url.startsWith('https:') ? https : http
    const signal = AbortSignal.timeout(timeoutMs)
    // a kept connection may have ended unseen
    const options = { headers: { ...headers }, signal, agent: false, ...(ca && { ca }) }
    request(url, options, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBytes) response.destroy(new Error(`${url} answers at too great length`))
        else chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        const status = response.statusCode ?? 0
        try {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status, body: text === '' ? undefined : JSON.parse(text) })
        } catch (cause) {
          // a refusal may be in whatever words
          if (status >= 400) resolve({ status, body: undefined })
          else reject(new Error(`${url} does not answer in JSON`, { cause }))
        }
      })
    })
      .on('error', reject)
      .end()
  })
}
