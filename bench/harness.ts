import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** Resident memory of a process, MiB. */
export function rssMebibytes(pid: number): number {
  const [, kibibytes = '0'] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

/** The most memory that this process held at once since {@link forgetPeak}, MiB. */
export function peakRssMebibytes(): number {
  const [, kibibytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

/** Begins a new peak (`Documentation/filesystems/proc.rst`, clear_refs). */
export function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5')
}

/** CPU time that a process has used, milliseconds. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10 // utime + stime in ticks of 10 ms
}

/** inotify watches that a process holds. */
export function inotifyWatchCount(pid: number): number {
  let count = 0
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    try {
      count += (readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').match(/^inotify /gm) ?? []).length
    } catch {
      // the descriptor was closed meanwhile
    }
  }
  return count
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Prints rows as a Markdown table. */
export function printTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  console.log([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'))
}
