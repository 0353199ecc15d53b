import t from 'tap'
import { brokerProblem, lossProblem, placeOf } from '#broker/problem.js'

const place = placeOf('amqp://okeanid:s3cret@mq.example/site', 'ganeti')

function coded(message: string, code: number | string): Error {
  return Object.assign(new Error(message), { code })
}

// The texts of amqplib 2.3.1 and RabbitMQ 4.0.5, recorded.
const problems: readonly { name: string; error: unknown; code: string; says: RegExp }[] = [
  {
    name: 'a wrong password',
    error: new Error(
      'Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."',
    ),
    code: 'BROKER_REFUSED',
    says: /user okeanid is not let in: check user and password/,
  },
  {
    name: 'a virtual host that is not there or not for us',
    error: new Error('Expected ConnectionOpenOk; got <ConnectionClose channel:0>'),
    code: 'BROKER_REFUSED',
    says: /virtual host 'site' does not exist or is not for user okeanid: rabbitmqctl add_vhost site; rabbitmqctl set_permissions -p site okeanid/,
  },
  {
    name: 'an exchange of another type',
    error: coded(
      `Operation failed: ExchangeDeclare; 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'ganeti' in vhost '/': received 'topic' but current is 'fanout'"`,
      406,
    ),
    code: 'BROKER_REFUSED',
    says: /exchange 'ganeti' exists as fanout, not topic: delete it/,
  },
  {
    name: 'an exchange that is not durable',
    error: coded(
      `Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg 'durable' for exchange 'ganeti' in vhost '/': received 'true' but current is 'false'"`,
      406,
    ),
    code: 'BROKER_REFUSED',
    says: /exchange 'ganeti' exists with durable false: delete it/,
  },
  {
    name: 'a queue with other arguments',
    error: coded(
      `Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'"`,
      406,
    ),
    code: 'BROKER_REFUSED',
    says: /queue 'q' exists with durable false: delete it/,
  },
  {
    name: 'a message that is too long',
    error: coded(
      'Channel closed by server: 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - message size 17825792 is larger than configured max size 16777216"',
      406,
    ),
    code: 'BROKER_REFUSED',
    says: /: the broker refused: PRECONDITION_FAILED - message size 17825792 is larger/,
  },
  {
    name: 'no right to declare',
    error: coded(
      `Operation failed: ExchangeDeclare; 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - configure access to exchange 'ganeti' in vhost '/' refused for user 'limited'"`,
      403,
    ),
    code: 'BROKER_REFUSED',
    says: /may not configure exchange 'ganeti' in virtual host 'site': rabbitmqctl set_permissions -p site okeanid '\^ganeti\$'/,
  },
  {
    name: 'no right to publish',
    error: coded(
      `Channel closed by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - write access to exchange 'ganeti' in vhost '/' refused for user 'limited'"`,
      403,
    ),
    code: 'BROKER_REFUSED',
    says: /may not write exchange 'ganeti'/,
  },
  {
    name: 'a name that is reserved',
    error: coded(
      `Operation failed: ExchangeDeclare; 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - exchange name 'amq.foo' contains reserved prefix 'amq.*'"`,
      403,
    ),
    code: 'BROKER_REFUSED',
    says: /contains reserved prefix/,
  },
  {
    name: 'an exchange that was deleted under us',
    error: coded(
      `Channel closed by server: 404 (NOT-FOUND) with message "NOT_FOUND - no exchange 'ganeti' in vhost '/'"`,
      404,
    ),
    code: 'BROKER_REFUSED',
    says: /exchange 'ganeti' .* is gone; it is declared again/,
  },
  {
    name: 'a shutdown',
    error: coded(
      `Connection closed: 320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"`,
      320,
    ),
    code: 'BROKER_UNREACHABLE',
    says: /: the broker ended the connection: CONNECTION_FORCED - .*'shutdown'$/,
  },
  {
    name: 'nobody there',
    error: coded('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'),
    code: 'BROKER_UNREACHABLE',
    says: /connection refused: is RabbitMQ running there/,
  },
  {
    name: 'a name that nobody knows',
    error: coded('getaddrinfo ENOTFOUND nohost.invalid', 'ENOTFOUND'),
    code: 'BROKER_UNREACHABLE',
    says: /the name cannot be resolved/,
  },
  {
    name: 'a killed broker',
    error: coded('read ECONNRESET', 'ECONNRESET'),
    code: 'BROKER_UNREACHABLE',
    says: /the connection was cut \(ECONNRESET\)/,
  },
  {
    name: 'TLS to a port without',
    error: coded('804C:error:0A00010B:SSL routines', 'ERR_SSL_WRONG_VERSION_NUMBER'),
    code: 'BROKER_UNREACHABLE',
    says: /no TLS there/,
  },
  {
    name: 'an unknown certificate',
    error: coded('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
    code: 'BROKER_UNREACHABLE',
    says: /TLS: .*an authority that we do not know \(DEPTH_ZERO_SELF_SIGNED_CERT\): set \[broker\] ca_file/,
  },
  {
    name: 'a web server',
    error: new Error('Frame size 1345270062 exceeds maxFrameSize 67108864'),
    code: 'BROKER_UNREACHABLE',
    says: /does not speak AMQP/,
  },
  {
    name: 'silence while connecting',
    error: new Error('connect ETIMEDOUT'),
    code: 'BROKER_UNREACHABLE',
    says: /no answer in time/,
  },
  {
    name: 'silence later',
    error: new Error('Heartbeat timeout'),
    code: 'BROKER_UNREACHABLE',
    says: /no answer in time/,
  },
  {
    name: 'an authority that is not the system’s',
    error: coded('unable to verify the first certificate', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    code: 'BROKER_UNREACHABLE',
    says: /TLS: .*\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): set \[broker\] ca_file/,
  },
  {
    name: 'no confirm',
    error: new Error('Heartbeat timeout: nothing was confirmed for 30000 ms'),
    code: 'BROKER_UNREACHABLE',
    says: /no answer in time: nothing was confirmed for 30000 ms/,
  },
  { name: 'something thrown', error: 'x', code: 'BROKER_UNREACHABLE', says: /: x$/ },
]

for (const c of problems) {
  t.test(`names the cure: ${c.name}`, async (t) => {
    const { code, message } = brokerProblem(c.error, place)
    t.equal(code, c.code)
    t.match(message, c.says)
    t.match(message, /^mq\.example:5672\/site: /)
    t.notMatch(message, /s3cret/)
  })
}

t.test('whoever had something under way is told that it is lost, or refused', async (t) => {
  const codes = problems.map(({ error }) => lossProblem(error, place).code)
  t.strictSame(codes.slice(9, 11), ['BROKER_REFUSED', 'BROKER_LOST'])
})

const places = [
  { url: 'amqp://u:p@mq', host: 'mq:5672', user: 'u', vhost: '/' },
  { url: 'amqps://u:p@mq', host: 'mq:5671', user: 'u', vhost: '/' },
  { url: 'amqp://mq:1234/', host: 'mq:1234', user: 'guest', vhost: '/' },
  { url: 'amqp://a%40b:p@mq/%2fx', host: 'mq:5672//x', user: 'a@b', vhost: '/x' },
  { url: 'amqp://u:p@[2001:db8::1]/v', host: '[2001:db8::1]:5672/v', user: 'u', vhost: 'v' },
]
for (const { url, ...expected } of places) {
  t.test(`where ${url} leads`, async (t) => {
    t.match(placeOf(url, 'ganeti'), expected)
  })
}
