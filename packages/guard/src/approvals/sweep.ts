/** What time does to requests: they expire, people are reminded, and what ended long ago is forgotten. */
import type { ApprovalStore } from '../approval-store.ts';

const DUE_PER_READ = 200;
/** How long what ended can be looked up here; the audit log keeps it. */
const KEPT_MS = 30 * 86_400_000;

/**
 * Several processes may sweep one store at the same time: each expiry is noted by one of them.
 *
 * @param isForgetting reads all that is stored, so it is not done every time.
 */
export async function sweep(store: ApprovalStore, nowMs: number, isForgetting: boolean): Promise<void> {
  for (;;) {
    const due = await store.due(nowMs, DUE_PER_READ);
    for (const filed of due)
      await store.replace(
        { ...filed, status: 'expired', endedAtMs: nowMs, version: filed.version + 1 },
        'expired',
        nowMs,
      );
    if (due.length < DUE_PER_READ) break;
  }
  await store.remind(nowMs);
  if (isForgetting) await store.forget(nowMs - KEPT_MS);
}
