import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** A program to run and what its environment needs so that it finds its libraries. */
export interface Program {
  readonly file: string
  readonly env: Readonly<Record<string, string>>
}

const packages = ['isc-dhcp-server', 'kea-dhcp4-server', 'dnsmasq-base', 'iptables'] as const
const sources = fileURLToPath(new URL('../../../bench/dhcp/', import.meta.url))
const cache = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
  'okeanid-bench',
)

/** Compiles `NAME.c` of bench/dhcp unless that was done for this very source. */
export function compile(name: 'nfq-responder' | 'load'): string {
  const headers = readdirSync(sources).filter((file) => file.endsWith('.h'))
  const texts = [`${name}.c`, ...headers].map((file) => readFileSync(path.join(sources, file)))
  const digest = createHash('sha256').update(Buffer.concat(texts)).digest('hex').slice(0, 16)
  const file = path.join(cache, `${name}-${digest}`)
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true })
    const source = path.join(sources, `${name}.c`)
    execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-o', `${file}.new`, source], {
      stdio: 'inherit',
    })
    renameSync(`${file}.new`, file)
  }
  return file
}

/** A program of this host, else the one of Debian's package, unpacked into the cache: nothing is installed or started. */
export function findProgram(name: string): Program {
  for (const folder of ['/usr/sbin', '/usr/bin', '/sbin', '/bin'])
    if (existsSync(path.join(folder, name))) return { file: path.join(folder, name), env: {} }
  const root = unpackedPackages()
  const library = path.join(root, 'usr/lib', debianTriplet())
  return {
    file: path.join(root, 'usr/sbin', name),
    env: { LD_LIBRARY_PATH: library, XTABLES_LIBDIR: path.join(library, 'xtables') },
  }
}

/** The packages and what they need and this host does not have, in one folder. */
function unpackedPackages(): string {
  const root = path.join(cache, 'debian')
  if (existsSync(root)) return root
  const archives = path.join(cache, 'archives')
  mkdirSync(path.join(archives, 'partial'), { recursive: true })
  const apt = ['-q', '-y', '--download-only', '--no-install-recommends']
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  execFileSync(
    'apt-get',
    [...apt, '-o', `Dir::Cache::archives=${archives}`, 'install', ...packages],
    { stdio: [...stdio] },
  )
  for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb')))
    execFileSync('dpkg', ['-x', path.join(archives, file), `${root}.new`])
  rmSync(archives, { recursive: true })
  renameSync(`${root}.new`, root)
  return root
}

function debianTriplet(): string {
  return execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim()
}
