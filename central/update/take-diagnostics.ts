import type { InstanceReport } from '#central/state/report.js'
import type { Change } from '#central/store/store.js'
import type { Concerning, ServerRow } from './sort-messages.js'

/** Keeps what installs said; the same message once, also when it comes after its id was forgotten. */
export async function takeDiagnostics(
  tx: Change,
  {
    ofServers,
    nowMs,
  }: {
    readonly ofServers: readonly (Concerning<InstanceReport> & { readonly server: ServerRow })[]
    readonly nowMs: number
  },
): Promise<void> {
  const rows = ofServers.flatMap(({ message, report, server, backend }) =>
    report.kind === 'diagnostic'
      ? [
          {
            server_id: server.id,
            level: report.level,
            source: report.source,
            source_us: report.timeUs,
            message: report.message,
            details: report.details,
            created_ms: nowMs,
            message_id: `${backend.id}/${message.messageId}`,
          },
        ]
      : [],
  )
  if (rows.length === 0) return
  await tx
    .insertInto('diagnostics')
    .values(rows)
    .onConflict((conflict) => conflict.column('message_id').doNothing())
    .execute()
}
