import { readFileSync } from 'node:fs'
import type { Binding, BindingProblem } from '#binding/binding.js'
import { formatProblem } from '#binding/binding.js'
import { parseBinding } from '#binding/binding-file.js'
import { resolveService, type ServiceDefaults } from '#binding/resolve.js'
import type { NicService } from '#binding/service.js'
import type { Result } from '#result.js'
import { parseConfig } from '#service/config.js'

/** The defaults that a configuration text gives. */
export function defaultsOf(ini = ''): ServiceDefaults {
  return parseConfig([{ file: 'a.ini', text: ini }]).config.serving
}

/** The text of a file of the fixtures. */
export function fixture(name: string): string {
  return readFileSync(`test/fixtures/bindings/${name}`, 'utf8')
}

/** A bridged NIC with both families, and what a test changes of its file; undefined takes a key out. */
export function bindingText(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    version: 1,
    tap: 'tap0',
    mac: 'aa:00:00:00:00:01',
    instance: 'vm1.example.com',
    nic: { index: 0 },
    mode: 'bridged',
    link: 'br0',
    network: network(),
    ip: '192.0.2.77',
    ...changes,
  })
}

/** Its network. */
export function network(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: 'net-a',
    uuid: 'u-a',
    tags: ['nfdhcpd'],
    subnet: '192.0.2.0/24',
    gateway: '192.0.2.1',
    subnet6: '2001:db8:1::/64',
    gateway6: '2001:db8:1::1',
    ...changes,
  }
}

/** The value of a good outcome; what was wrong otherwise. */
export function good<T>(result: Result<T, readonly BindingProblem[]>): T {
  if (result.ok) return result.value
  throw new Error(result.problem.map(formatProblem).join('; '))
}

/** What was wrong, one line each; empty for a good outcome. */
export function faults(result: Result<unknown, readonly BindingProblem[]>): readonly string[] {
  return result.ok ? [] : result.problem.map(formatProblem)
}

/** A binding from a changed text. */
export function binding(changes: Readonly<Record<string, unknown>> = {}): Binding {
  return good(parseBinding(bindingText(changes)))
}

/** What the changed NIC is told. */
export function service(
  changes: Readonly<Record<string, unknown>> = {},
  ini = '',
): NicService & { readonly problems: readonly string[] } {
  const resolved = resolveService(binding(changes), defaultsOf(ini))
  return { ...resolved.service, problems: resolved.problems.map(formatProblem) }
}
