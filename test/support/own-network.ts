import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const marker = 'in-own-network'

/**
 * Runs the tests of a file in a network namespace that nobody else sees and that ends with them: nothing is left
 * behind, whatever happens. Where none can be made the file is skipped, but in CI that is a failure.
 *
 * @param url `import.meta.url` of the test file, which is started anew inside
 * @param options.hasMounts what is mounted is nobody else's to see either, and ends with the tests
 */
export function inOwnNetwork(
  url: string,
  tests: () => void,
  { hasMounts = false }: { readonly hasMounts?: boolean } = {},
): void {
  if (process.argv.includes(marker)) return tests()
  const lack = lackOf()
  if (lack === undefined) {
    const spaces = hasMounts ? ['--net', '--mount'] : ['--net']
    t.spawn('unshare', [...spaces, process.execPath, fileURLToPath(url), marker], {
      name: 'in a network namespace of its own',
    })
  } else if (process.env['CI'] === 'true') {
    t.fail(lack)
  } else {
    t.plan(0, lack)
  }
}

/** Runs a program, which must succeed, and returns its stdout. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' })
}

/** The index of an interface of this namespace. */
export function ifindexOf(name: string): number {
  return Number.parseInt(run('ip', '-o', 'link', 'show', 'dev', name), 10)
}

function lackOf(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: it makes network namespaces'
  const probe = 'ip link add okeanid-a type veth peer name okeanid-b && iptables -t mangle -L'
  const { status, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', probe], {
    encoding: 'utf8',
  })
  return status === 0 ? undefined : `no network namespace with veth and iptables: ${stderr.trim()}`
}
