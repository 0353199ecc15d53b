import { readFile } from 'node:fs/promises'
import { AgentError, systemCode } from '#errors.js'

/** An address of RAPI, as it is kept. @throws AgentError USAGE */
export function rapiUrl(url: string): string {
  if (URL.canParse(url) && new URL(url).protocol === 'https:') return new URL(url).origin
  throw new AgentError(
    'USAGE',
    `--rapi ${url}: wants an address like https://master.example.net:5080`,
  )
}

/** The certificates of a file, and nothing else of it. @throws AgentError USAGE, INPUT_UNREADABLE */
export async function readPem(file: string): Promise<string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const why = systemCode(cause) ?? String(cause)
    throw new AgentError('INPUT_UNREADABLE', `${file}: cannot be read (${why})`, { cause })
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)
  if (found === null) throw new AgentError('USAGE', `${file}: holds no PEM certificate`)
  return `${found.join('\n')}\n` // never the key that may stand beside it
}
