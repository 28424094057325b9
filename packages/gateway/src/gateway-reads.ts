/** Composition of what the control API shows: what runs, what changed, and who listens. */
import { createTenantLogs } from '@sallyport/server/segments/tenant-logs';
import type { ActiveSettings } from './active-settings.ts';
import { effectiveSettings } from './config.ts';
import type { ApiDeps } from './control/deps.ts';
import { createNewsFeed } from './control/events/news.ts';
import type { Installation } from './control/overview/installation.ts';
import { createRecentChanges, type RecentChanges } from './control/overview/changes.ts';
import type { Discovery } from './discovery.ts';
import { VERSION } from '@sallyport/server/mcp/implementation';
import { redactorOf } from './gateway-redactor.ts';
import { createTrials } from './gateway-trials.ts';
import type { GuardedUpstreams, Resources } from './resources.ts';
import { createServerStates } from './server-states.ts';

/** What is read, and what ends with the process. */
export interface Reads {
  readonly api: Pick<
    ApiDeps,
    | 'activity'
    | 'changes'
    | 'installation'
    | 'issuers'
    | 'keys'
    | 'news'
    | 'pins'
    | 'records'
    | 'redactor'
    | 'servers'
    | 'trials'
  >;
  close(): void;
}

const WATCH_MS = 1_000;

/** @param discovery `undefined` in a process that serves no calls. */
export function openReads(resources: Resources, guarded: GuardedUpstreams, discovery: Discovery | undefined): Reads {
  const { activity, clock, settings, store } = resources;
  const { upstreams, issuerKeys } = guarded;
  const startedAtMs = clock.now();
  const news = createNewsFeed();
  const changes = createRecentChanges(({ kind }, tenant) => news.publish({ kind: 'changed', what: kind }, tenant));
  const states = createServerStates({
    ready: () => upstreams.ready(),
    discovery,
    clock,
    changed: (name, { status, error }) => {
      const why = error === undefined ? '' : `: ${error}`;
      changes.add({ timeMs: clock.now(), kind: 'server', text: `server ${name} is ${status}${why}` });
      news.publish({ kind: 'server', name, status });
    },
  });
  let issuers: Readonly<Record<string, string | undefined>> = {};
  const lookAtSettings = watchSettings(resources, changes);
  const look = (): void => {
    states.refresh();
    lookAtSettings();
  };
  look();
  const timer = setInterval(() => {
    look();
    // Not before: an issuer on this gateway's own listener, which is not open yet, would be out of reach for a while.
    // One that does not answer keeps nobody waiting: what is shown is what was known last.
    void issuerKeys.ready().then((known) => (issuers = known));
  }, WATCH_MS);
  timer.unref();
  changes.add({ timeMs: startedAtMs, kind: 'gateway', text: `Sallyport ${VERSION} was started` });
  return {
    api: {
      activity,
      changes,
      news,
      keys: store.keys,
      pins: store.pins,
      redactor: redactorOf(resources),
      records: createTenantLogs(settings.current().snapshot.audit.folder),
      installation: () => installationOf(settings.current(), startedAtMs),
      trials: createTrials(resources, guarded),
      issuers: { states: () => issuers },
      servers: {
        settings: () => settings.current().snapshot.servers,
        state: (server) => states.of(server),
        definitions: (server) => upstreams.definitionsOf(server),
        sessions: (server) => upstreams.stats().sessions[server] ?? 0,
      },
    },
    close: () => clearInterval(timer),
  };
}

const installationOf = ({ snapshot, policies }: ActiveSettings, startedAtMs: number): Installation => ({
  version: VERSION,
  startedAtMs,
  weakenings: snapshot.weakenings,
  settingsVersion: snapshot.version,
  settings: () => effectiveSettings(snapshot.written),
  tiers: Object.keys(snapshot.limits),
  policies,
});

/** @returns what looks whether the settings, the policies or the definitions are others than before, and notes it. */
function watchSettings({ settings, store, clock }: Resources, changes: RecentChanges): () => void {
  const read = (): { readonly settings: string; readonly policies: string } => {
    const { snapshot, policies } = settings.current();
    return { settings: snapshot.version, policies: policies.revision };
  };
  let known = read();
  let pins: number | undefined;
  return () => {
    const now = read();
    const note = (kind: string, text: string): void => changes.add({ timeMs: clock.now(), kind, text });
    if (now.settings !== known.settings)
      note('settings', `the configuration was reloaded: ${now.settings.slice(0, 15)}`);
    if (now.policies !== known.policies) note('policies', `the policies were reloaded: revision ${now.policies}`);
    known = now;
    void (async () => {
      const version = await store.pins.version();
      if (pins !== undefined && pins !== version) note('definition', 'definitions changed, or wait for approval');
      pins = version;
    })().catch(() => undefined);
  };
}
