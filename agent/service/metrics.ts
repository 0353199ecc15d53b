/** Values of the labels of one sample. */
export type Labels = Readonly<Record<string, string>>

/** A number that only grows. */
export interface Counter {
  add(amount?: number, labels?: Labels): void
  /** Sum over all labels. */
  total(): number
  /** When something was added last, Unix milliseconds. */
  lastMs(): number | undefined
  /** Each combination of labels with its value. */
  values(): readonly Sample[]
}

/** One figure with its labels. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** All figures of a program, in Prometheus' text format (version 0.0.4). */
export interface Metrics {
  counter(name: string, help: string): Counter
  /** A figure that is asked for when somebody looks. */
  gauge(name: string, help: string, read: () => number): void
  /** Figures that somebody else keeps, each with its labels; asked for when somebody looks. */
  samples(
    type: 'counter' | 'gauge',
    { name, help }: { readonly name: string; readonly help: string },
    read: () => Iterable<Sample>,
  ): void
  format(): string
}

/** Different label combinations that one counter keeps; a further one is counted as `other`. */
const maxSeries = 200

/** An empty registry; names get the prefix `okeanid_`. */
export function createMetrics(): Metrics {
  const families: { readonly head: string; readonly lines: () => readonly string[] }[] = []

  function register(
    type: 'counter' | 'gauge',
    { name, help }: Named,
    lines: () => readonly string[],
  ): void {
    families.push({ head: `# HELP ${name} ${help}\n# TYPE ${name} ${type}`, lines })
  }

  return {
    counter(shortName, help) {
      const name = `okeanid_${shortName}`
      const counter = createCounter()
      register('counter', { name, help }, () =>
        counter.values().map(({ labels, value }) => `${name}${formatLabels(labels)} ${value}`),
      )
      return counter
    },
    gauge(shortName, help, read) {
      const name = `okeanid_${shortName}`
      register('gauge', { name, help }, () => [`${name} ${read()}`])
    },
    samples(type, { name: shortName, help }, read) {
      const name = `okeanid_${shortName}`
      register(type, { name, help }, () =>
        Array.from(read(), ({ labels, value }) => `${name}${formatLabels(labels)} ${value}`),
      )
    },
    format: () => families.map(({ head, lines }) => `${[head, ...lines()].join('\n')}\n`).join(''),
  }
}

interface Named {
  readonly name: string
  readonly help: string
}

function createCounter(): Counter {
  const series = new Map<string, { readonly labels: Labels; value: number }>()
  let lastMs: number | undefined
  return {
    add(amount = 1, labels = {}) {
      lastMs = Date.now()
      const key = formatLabels(labels)
      const isFull = series.size >= maxSeries && !series.has(key)
      const kept = isFull
        ? Object.fromEntries(Object.keys(labels).map((label) => [label, 'other']))
        : labels
      const sample = series.get(formatLabels(kept)) ?? { labels: kept, value: 0 }
      sample.value += amount
      series.set(formatLabels(kept), sample)
    },
    lastMs: () => lastMs,
    total: () => [...series.values()].reduce((sum, { value }) => sum + value, 0),
    values: () => (series.size === 0 ? [{ labels: {}, value: 0 }] : [...series.values()]),
  }
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
