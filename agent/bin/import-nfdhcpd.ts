/**
 * `okeanid config import-nfdhcpd`: an nfdhcpd.conf as a configuration of ours, on standard output or into a new file. What
 * has no equal stands in it as comments. Nothing else is changed, and an existing file is never written over. The result
 * is loaded once before it is shown: it can always be used as it is.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { AgentError, systemCode } from '#errors.js'
import { parseConfig } from '#service/config.js'
import { printable, printLine } from '#service/log.js'
import { convertNfdhcpdConf } from '#service/nfdhcpd-conf.js'

/** Prints or writes the conversion of an nfdhcpd.conf. */
export async function importNfdhcpd(
  file: string,
  { output, json }: { readonly output?: string; readonly json?: true },
): Promise<void> {
  const { ini, notes } = convertNfdhcpdConf(await read(file))
  parseConfig([{ file: output ?? file, text: ini }])
  if (output !== undefined) await writeNew(output, ini)
  if (json) printLine(JSON.stringify({ output: output ?? null, ini, notes }, null, 2))
  else if (output === undefined) printLine(ini.trimEnd())
  else {
    for (const { key, message } of notes) printLine(printable(`${key} ${message}`.trim()))
    printLine(`${output}: written; okeanid config check says whether all of it fits together`)
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new AgentError('INPUT_UNREADABLE', `${file}: cannot be read (${why(cause)})`, { cause })
  }
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o640 })
  } catch (cause) {
    const reason =
      systemCode(cause) === 'EEXIST'
        ? 'there is such a file already; name another one'
        : `cannot be written (${why(cause)})`
    throw new AgentError('INPUT_UNREADABLE', `${file}: ${reason}`, { cause })
  }
}

function why(error: unknown): string {
  return systemCode(error) ?? String(error)
}
