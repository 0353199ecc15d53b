import { brokerFields } from '#service/broker-fields.js'
import {
  absolutePath,
  choice,
  duration,
  type Field,
  flag,
  integer,
  size,
  text,
} from '#service/config-fields.js'
import { httpUrl, quota, shaped, storeUrl, words } from './central-fields.js'
import { networkSchema } from './network-schema.js'

/** The keys of `/etc/okeanid/central.ini`, by section. */
export const centralSchema = {
  server: {
    listen: text('127.0.0.1', 'Address to listen on; :: for every one.'),
    port: integer('8774', 'TCP port.', { min: 0, max: 65_535 }),
    cert_file: absolutePath(
      '',
      'PEM file of the certificate, with key_file: then HTTPS is spoken. Empty: HTTP, for a proxy before us.',
    ),
    key_file: absolutePath('', 'PEM file of its private key, without a passphrase.'),
    public_url: httpUrl(
      'Address under which clients reach us, as the catalogue and links tell it. Empty: scheme and host of each request.',
    ),
    trusted_proxies: words(
      '',
      'Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas.',
      { pattern: /^[\da-fA-F.:]+(?:\/\d{1,3})?$/, wants: 'addresses or networks' },
    ),
    body_limit: size('1M', 'Longest body of a request.', { min: '16K', max: '64M' }),
    request_timeout: duration('30s', 'How long a client may take to send a request.', {
      min: '1s',
      max: '10m',
    }),
  },
  store: {
    url: storeUrl(
      'sqlite:/var/lib/okeanid-central/central.db',
      'Where everything is kept: sqlite:/FILE, or postgres://user:password@host/database.',
    ),
    url_file: absolutePath('', 'File with that address instead, for one that holds a password.'),
    connections: integer('10', 'Most connections to PostgreSQL.', { min: 2, max: 200 }),
    secret_key_file: absolutePath(
      '/var/lib/okeanid-central/secret.key',
      'Key by which passwords of clusters and what is under way to them are sealed in the store. Made on the first start (0600) where there is none. Without it they cannot be read: keep a copy beside each backup.',
    ),
  },
  broker: {
    enabled: flag(
      'yes',
      'Whether messages are taken. With no, states change by reconciliation alone.',
    ),
    ...brokerFields,
    queue: shaped(
      'okeanid-central',
      'Durable queue that messages are taken from; its name goes on with the prefix: okeanid-central-snf.',
      {
        pattern: /^[A-Za-z0-9_.-]{1,100}$/,
        wants: 'letters, digits, _, . and -',
      },
    ),
    prefetch: integer('500', 'Messages under way that were not acknowledged yet.', {
      min: 1,
      max: 10_000,
    }),
  },
  ganeti: {
    prefix: shaped(
      'snf-',
      'What names of our instances, networks and NICs at Ganeti begin with; ends with a dash. What is called otherwise is not ours.',
      {
        pattern: /^[a-z][a-z0-9]{0,15}-$/,
        wants: 'a lower-case letter, letters and digits, and one dash at the end',
      },
    ),
    connect_timeout: duration('5s', 'How long a connection to RAPI may take.', {
      min: '100ms',
      max: '2m',
    }),
    timeout: duration('30s', 'How long RAPI may take to answer.', { min: '1s', max: '10m' }),
    connections: integer('20', 'Most connections to the RAPI of one cluster.', {
      min: 1,
      max: 100,
    }),
    poll: duration(
      '15s',
      'How often jobs of ours that no message tells about any more are asked for.',
      { min: '1s', max: '1h' },
    ),
    lost_after: duration(
      '3m',
      'How long after a call that was not answered, or that we did not live to hear the answer of, its job may still turn up; only then is the call made again. Longer than 20s, connect_timeout, timeout and what RAPI may take to act upon a call, together.',
      { min: '5s', max: '1h' },
    ),
    refresh: duration('5m', 'How often free capacities of clusters are read.', {
      min: '10s',
      max: '1d',
    }),
    hotplug: flag('yes', 'Whether NICs are plugged into running instances where that is possible.'),
    wait_for_sync: flag('no', 'Whether a new server waits until its disks are in sync.'),
  },
  reconcile: {
    every: duration('10m', 'How often each cluster is compared with the store; 0s for never.', {
      min: '0s',
      max: '7d',
    }),
    grace: duration(
      '5m',
      'How long something must have been missing or strange before it is believed to be.',
      { min: '10s', max: '1d' },
    ),
  },
  identity: {
    token_lifetime: duration('1d', 'How long tokens are good.', { min: '1m', max: '30d' }),
    region: shaped('RegionOne', 'Name of the region in the catalogue.', {
      pattern: /^[\x21-\x7e]{1,64}$/,
      wants: 'one word',
    }),
    keystone_url: httpUrl(
      'Address of a Keystone (v3) whose tokens are good here as well: https://keystone.example.net:5000. Empty: only our own.',
    ),
    keystone_ca_file: absolutePath(
      '',
      'PEM file of the authority that signed its certificate; empty: the system’s.',
    ),
    keystone_timeout: duration('5s', 'How long it may take to answer.', {
      min: '100ms',
      max: '1m',
    }),
    keystone_cache: duration('1m', 'How long its answer about a token holds; 0s for once.', {
      min: '0s',
      max: '1h',
    }),
    keystone_admin_role: text('admin', 'Role there that makes an admin here.'),
    keystone_member_roles: words(
      'member, _member_',
      'Roles there that make a member here, separated by commas; who has none of them may do nothing.',
      { pattern: /^[\x21-\x2b\x2d-\x7e]{1,255}$/, wants: 'names of roles' },
    ),
    login_failures: integer(
      '10',
      'Failed logins from one address before further ones are refused for a while; of one user, from wherever, ten times as many.',
      { min: 1, max: 10_000 },
    ),
    login_window: duration('5m', 'Time in which they count.', { min: '1s', max: '1d' }),
  },
  network: networkSchema,
  quota: {
    servers: quota(
      '20',
      'What a project may have, unless its own quota says otherwise; -1: no limit. Servers.',
    ),
    vcpus: quota('40', 'Their processors.'),
    ram: quota('81920', 'Their memory, in MiB.'),
    disk: quota('1000', 'Their disks, in GiB.'),
    networks: quota('10', 'Networks of its own.'),
    ports: quota('100', 'Ports.'),
    floating_ips: quota('10', 'Floating addresses.'),
    keypairs: quota('100', 'SSH keys of each of its users.'),
  },
  servers: {
    metadata: integer('128', 'Most items of metadata of a server.', { min: 0, max: 10_000 }),
    personality: integer('5', 'Most files that a new server may be given.', { min: 0, max: 100 }),
    personality_size: size('10K', 'Largest of them.', { min: '0', max: '1M' }),
    user_data_size: size('64K', 'Largest user data.', { min: '0', max: '1M' }),
    keep_deleted: duration('30d', 'How long deleted servers are still told of.', {
      min: '1h',
      max: '3650d',
    }),
  },
  events: {
    keep: duration('7d', 'How long events can be asked for.', { min: '1h', max: '365d' }),
    clients: integer('200', 'Most clients that follow them at the same time.', {
      min: 0,
      max: 10_000,
    }),
  },
  log: {
    level: choice(
      ['error', 'warning', 'info', 'debug'],
      'info',
      'Least important kind of line that is logged: error, warning, info or debug.',
    ),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field<unknown>>>>>
