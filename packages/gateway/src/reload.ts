/**
 * What changes while the gateway runs: a new configuration, and changed policy files. Both take effect with the next
 * call.
 */
import { watch, type FSWatcher } from 'node:fs';
import type { Clock, Log } from '@sallyport/guard';
import type { SettingsHolder } from './active-settings.ts';
import { loadPolicies, policyRevision } from './adapters/cedar/load.ts';
import type { SegmentAuditLog } from '@sallyport/server/segments/log';
import { needRestart } from './config.ts';
import { recordSettings } from './gateway-records.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Puts a new configuration in force, records it, and logs which of its changes wait for a restart.
 *
 * @param started the snapshot that the process was started with.
 * @throws PolicyLoadError when the new policies cannot be loaded; the old settings then stay in force.
 */
export async function replaceSettings(
  started: Snapshot,
  next: Snapshot,
  settings: SettingsHolder,
  audit: SegmentAuditLog,
  clock: Clock,
  log: Log,
): Promise<void> {
  const waiting = needRestart(started, next);
  settings.replace(next);
  await recordSettings('gateway.reload', settings.current(), audit, clock, log);
  log('info', 'reloaded', { version: next.version, policies: settings.current().policies.revision });
  if (waiting.length > 0) log('warn', 'these settings changed and need a restart', { settings: waiting });
}

/** How often the policy files are read again, beside the watch on their folder. */
export const POLICY_POLL_MS = 1_000;
/** An editor writes a file in several steps; they are read once. */
export const POLICY_SETTLE_MS = 50;

/**
 * Loads the policies again whenever a file of them changes, until the returned function is called. Broken files
 * keep the old policies in force, and the log says why.
 *
 * The folder is watched, so that a change takes effect quickly, and polled, because a watch reports nothing when the
 * folder is swapped for another one or when a reload names a different folder.
 */
export function reloadPoliciesOnChange(settings: SettingsHolder, clock: Clock, log: Log): () => void {
  let reportedCause: string | undefined;
  const reload = (): void => {
    const { snapshot, policies } = settings.current();
    const folder = snapshot.policies.cedar;
    if (policyRevision(folder) === policies.revision) {
      reportedCause = undefined;
      return;
    }
    try {
      const loaded = loadPolicies(folder, clock);
      settings.replacePolicies(loaded);
      log('info', 'policies reloaded', { revision: loaded.revision, policies: loaded.policies.length });
    } catch (thrown) {
      const cause = String(thrown);
      if (cause !== reportedCause) log('error', 'the changed policies are not used; the old ones stay', { cause });
      reportedCause = cause;
    }
  };
  const poll = setInterval(reload, POLICY_POLL_MS);
  poll.unref();
  const stopWatching = watchFolder(settings.current().snapshot.policies.cedar, reload);
  return () => {
    clearInterval(poll);
    stopWatching();
  };
}

function watchFolder(folder: string | undefined, changed: () => void): () => void {
  if (folder === undefined) return () => undefined;
  let settling: NodeJS.Timeout | undefined;
  const watcher: FSWatcher = watch(folder, () => {
    clearTimeout(settling);
    settling = setTimeout(changed, POLICY_SETTLE_MS);
  });
  watcher.on('error', () => watcher.close());
  return () => {
    clearTimeout(settling);
    watcher.close();
  };
}
