import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** What a run has on this host: namespaces, mounts, cgroups, processes, state. Nothing after it was destroyed. */
export function leftovers(run: string): string[] {
  const name = `okeanid-${run}`
  const state = `${process.env['LAB_STATE'] ?? '/var/lib/okeanid-lab'}/${run}`
  const isOurs = (text: string): boolean => text.includes(name) || text.includes(`${state}/`)
  return [
    ...list('/run/netns')
      .filter((entry) => entry.startsWith(`${name}-`))
      .map((entry) => `netns ${entry}`),
    ...lines('/proc/self/mountinfo')
      .filter(isOurs)
      .map((mount) => `mount ${mount}`),
    ...lines('/proc/self/mountinfo')
      .map((mount) => mount.split(' ')[4] ?? '')
      .filter((target) => target.startsWith('/sys/fs/cgroup'))
      .flatMap((target) => list(target).map((entry) => `${target}/${entry}`))
      .filter((group) => group.includes(`/${name}.`))
      .map((group) => `cgroup ${group}`),
    ...list('/proc')
      .filter((pid) => /^\d+$/.test(pid) && lines(`/proc/${pid}/cgroup`).some(isOurs))
      .filter((pid) => !lines(`/proc/${pid}/status`).includes('State:\tZ (zombie)')) // its parent is to blame
      .map((pid) => `process ${pid} ${lines(`/proc/${pid}/cmdline`)}`),
    ...(existsSync(state) ? [`state ${state}`] : []),
  ]
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // not there, or gone in between: nothing is left of it
  }
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n')
  } catch {
    return []
  }
}
