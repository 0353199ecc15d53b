import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseTableNumbers, type TableNumbers } from '#nic/repair/host-state.js'

/** The routing tables that have names here. */
export function readTableNumbers(): TableNumbers {
  const folder = '/etc/iproute2/rt_tables.d'
  const files = ['/usr/share/iproute2/rt_tables', '/etc/iproute2/rt_tables', ...listConf(folder)]
  return new Map(files.flatMap((file) => [...parseTableNumbers(readText(file))]))
}

function listConf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => path.join(folder, name))
  } catch {
    return []
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
