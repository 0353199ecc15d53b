import { err, ok } from '#result.js'
import {
  absolutePath,
  choice,
  duration,
  type Field,
  integer,
  names,
  text,
} from './config-fields.js'

/** The keys of `[consumers]`, which a section `[consumer NAME]` may have as well: where messages are forwarded to. */
export const consumerFields = {
  form: choice(
    ['webhook', 'slack', 'prometheus'],
    'webhook',
    'What is made of messages: webhook (each is posted as a CloudEvent in JSON), slack (a line about what people want to know) or prometheus (they are counted, on listen).',
  ),
  bindings: text(
    'all',
    'Routing keys of messages that are wanted, separated by commas: ganeti.*.event.op, ganeti.event.job; all for all that tell of the cluster ("ganeti.#", which wants the quotes).',
  ),
  types: names('*', 'Types of messages that are wanted of those, ganeti-job-status; * for all.'),
  url: webUrl(
    '',
    'Address to post to. One that is itself a secret, as Slack’s are, goes into url_file.',
  ),
  url_file: absolutePath('', 'File with the address, in the place of url.'),
  secret_file: absolutePath(
    '',
    'File with a secret by which what is posted is signed (docs/consumers.md); empty: it is not signed.',
  ),
  ca_file: absolutePath(
    '',
    'PEM file of the authority that signed the receiver’s certificate; empty: the system’s.',
  ),
  parallel: integer('4', 'Requests at the same time. Messages about one subject go in order.', {
    min: 1,
    max: 64,
  }),
  timeout: duration('10s', 'How long a request may take; then it is made again.', {
    min: '100ms',
    max: '5m',
  }),
  retry_first: duration('1s', 'How long is waited before the second try; doubled each time.', {
    min: '10ms',
    max: '1h',
  }),
  retry_max: duration('5m', 'Longest such wait. There is no last try.', { min: '10ms', max: '1d' }),
  refused: choice(
    ['skip', 'keep'],
    'skip',
    'What becomes of a message that the receiver refuses for itself (status 400, 413, 415, 422): after five tries it is given up, logged and counted (skip), or tried for ever (keep), with all about its subject behind it.',
  ),
  listen: listenAddress(
    '',
    'Address for Prometheus, 127.0.0.1:9469: /metrics has what was forwarded or counted; empty for none.',
  ),
  queue_limit: integer(
    '0',
    'Most messages that wait in the broker for this consumer; then the oldest are lost. 0: no limit, and an eye on the broker’s disk.',
    { min: 0, max: 100_000_000 },
  ),
} as const satisfies Readonly<Record<string, Field<unknown>>>

function webUrl(defaultText: string, doc: string): Field<string> {
  return {
    ...{ defaultText, doc, isSecret: true },
    parse: (value) => (value === '' || isWebUrl(value) ? ok(value) : err(wantsUrl)),
  }
}

const wantsUrl = 'wants an address like https://host/path'

/** Whether it is an address that can be posted to. */
export function isWebUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
}

function listenAddress(defaultText: string, doc: string): Field<string> {
  return {
    ...{ defaultText, doc, isSecret: false },
    parse: (value) =>
      value === '' || /^(?:[^\s:]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(value)
        ? ok(value)
        : err('wants an address and a port: 127.0.0.1:9469'),
  }
}
