import { absolutePath, amqpUrls, text } from './config-fields.js'

/** How the broker is reached: the first keys of `[broker]`, on nodes as at the centre. */
export const brokerFields = {
  url: amqpUrls(
    'amqp://guest:guest@localhost:5672/',
    'Address of RabbitMQ, or several, separated by commas: amqp://user:password@host:5672/vhost (amqps:// for TLS). Percent-encode what is special in a password: %3B for ;, %23 for #, %40 for @.',
  ),
  password_file: absolutePath(
    '',
    'File with the password for addresses that have a user and no password.',
  ),
  ca_file: absolutePath(
    '',
    'PEM file of the authority that signed the broker’s certificate; empty: the system’s.',
  ),
  cert_file: absolutePath(
    '',
    'PEM file of our own certificate, for a broker that asks for one; with key_file.',
  ),
  key_file: absolutePath('', 'PEM file of its private key, without a passphrase.'),
  exchange: text('ganeti', 'Topic exchange that messages go to; it is declared durable.'),
} as const
