import { bodyOf, type ReceivedMessage } from './cloud-event.js'

/**
 * One line about a message for people in a chat (Slack's mrkdwn); undefined for what nobody wants to be told there: a job is told when
 * it ended, a guest when it ended by itself, a NIC when it could not be set up.
 */
export function chatLine(message: Pick<ReceivedMessage, 'body'>): string | undefined {
  const body = bodyOf(message.body)
  if (body === undefined) return undefined
  const word = (key: string): string => {
    const value = body[key]
    return typeof value === 'string' || typeof value === 'number' ? plain(String(value)) : ''
  }
  const where = word('cluster')
  switch (body['type']) {
    case 'ganeti-job-status': {
      const sign = signs[word('status')]
      if (sign === undefined) return undefined
      const summary = Array.isArray(body['summary']) ? body['summary'].map(String) : []
      return `${sign} job ${word('jobId')} ${word('status')}: ${plain(summary.join(', '))} (${where})`
    }
    case 'ganeti-cluster-status':
      return body['operation'] === 'MASTER_FAILOVER'
        ? `:crown: ${word('master_node')} is the master in place of ${word('previous_master_node')} (${where})`
        : undefined
    case 'ganeti-instance-status':
      return body['status'] === 'exited' && body['reason'] !== 'stopped'
        ? `:warning: ${word('instance')} ended on ${word('node')}: ${word('reason')} (${where})`
        : undefined
    case 'ganeti-nic-status':
      return body['status'] === 'failed'
        ? `:x: a NIC of ${word('instance')} could not be set up on ${word('node')}: ${word('reason')} (${where})`
        : undefined
    case 'image-error':
      return `:x: the install of ${word('instance')} failed (${where})`
    default:
      return undefined
  }
}

const signs: Readonly<Record<string, string>> = {
  success: ':white_check_mark:',
  error: ':x:',
  canceled: ':no_entry_sign:',
}

/** Slack reads three characters as its own; nobody is called (`<!channel>`) by the name of an instance. */
function plain(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').slice(0, 500)
}
