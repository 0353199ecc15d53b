/** States of a one-op job, in the order of its six writes; the first three differ in nothing that matters here. */
export type Phase = 'queued' | 'waiting' | 'running' | 'success'

/** Text of a job file in a phase, as Ganeti's Python writer has it; about 1 kB. */
export function jobText(
  id: number,
  phase: Phase,
  receivedMs = 1_790_000_000_000 + id * 1000,
): string {
  const seconds = Math.floor(receivedMs / 1000)
  const time = (offset: number) => [seconds, (receivedMs % 1000) * 1000 + offset]
  const rank = ['queued', 'waiting', 'running', 'success'].indexOf(phase)
  const at = (from: number) => (rank >= from ? time(from) : null)
  return `${JSON.stringify({
    id,
    ops: [
      {
        input: {
          duration: 0.1,
          OP_ID: 'OP_INSTANCE_STARTUP',
          instance_name: `vm${id % 100}.bench.example`,
          instance_uuid: 'bd6a0b41-6b0f-4c0e-9b65-0d9b6a3c2a10',
          force: false,
          hvparams: {},
          beparams: {},
          no_remember: false,
          startup_paused: false,
          ignore_offline_nodes: false,
          priority: 0,
          depends: null,
          comment: null,
          debug_level: 0,
          dry_run: false,
          reason: [['gnt:client:gnt-instance', 'startup', seconds * 1e9]],
        },
        status: phase,
        result: null,
        log: [],
        start_timestamp: at(1),
        exec_timestamp: at(2),
        end_timestamp: at(3),
        priority: 0,
      },
    ],
    start_timestamp: at(1),
    end_timestamp: at(3),
    received_timestamp: time(0),
    livelock: `/var/run/ganeti/livelocks/job_${id}_${seconds}`,
    process_id: 4711,
  })}\n`
}
