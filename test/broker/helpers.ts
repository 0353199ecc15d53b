import { openPublisher, type Publisher, type PublisherOptions } from '#broker/publisher.js'
import type { BrokerSettings, BrokerState } from '#broker/settings.js'
import type { Message } from '#event/message.js'

/** Settings for a broker on the loopback: short pauses, the contract's exchange. */
export function settingsFor(url: string, more: Partial<BrokerSettings> = {}): BrokerSettings {
  return {
    urls: [url],
    exchange: 'ganeti',
    heartbeatSeconds: 10,
    connectTimeoutMs: 5000,
    confirmTimeoutMs: 30_000,
    backoff: { firstMs: 50, maxMs: 400 },
    ...more,
  }
}

/** The broker's address with other parts. */
export function urlWith(
  url: string,
  parts: Partial<Record<'username' | 'password' | 'pathname', string>>,
) {
  return Object.assign(new URL(url), parts).href
}

/** A message that tells by its number. */
export function message(number: number, more: Partial<Message> = {}): Message {
  return {
    routingKey: 'ganeti.snf.event.op',
    messageId: `test.${number}`,
    timestampSeconds: 1_700_000_000 + number,
    headers: { schema: 1, 'cloudEvents:source': 'test' },
    body: JSON.stringify({ number }),
    ...more,
  }
}

/** A publisher that remembers how it was. */
export interface Watched {
  readonly publisher: Publisher
  readonly states: readonly BrokerState[]
  /** The first state that fits, also one that has been. */
  state(fits: (state: BrokerState) => boolean): Promise<BrokerState>
  kind(kind: BrokerState['kind']): Promise<BrokerState>
  /** Forgets the states until now. */
  forget(): void
}

/** Opens a publisher whose states can be waited for; it is closed at the end of the test. */
export function watched(
  t: { teardown(end: () => unknown): void },
  options: Pick<PublisherOptions, 'settings'> & Partial<PublisherOptions>,
): Watched {
  const states: BrokerState[] = []
  let told = () => {}
  const publisher = openPublisher({
    random: Math.random,
    onState(state) {
      states.push(state)
      told()
    },
    ...options,
  })
  t.teardown(() => publisher.close())
  const state = async (fits: (state: BrokerState) => boolean): Promise<BrokerState> => {
    for (;;) {
      const found = states.find(fits)
      if (found) return found
      await new Promise<void>((resolve) => {
        told = resolve
      })
    }
  }
  return {
    publisher,
    states,
    state,
    kind: (kind) => state((one) => one.kind === kind),
    forget() {
      states.splice(0)
    },
  }
}

/** A signal that never comes. */
export const never = new AbortController().signal

/** The answer to a message that the broker took, where the test has bound no queue. */
export const taken = { kind: 'unroutable' } as const
