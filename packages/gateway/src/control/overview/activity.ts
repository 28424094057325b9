/**
 * Who called what lately, for people who watch: figures of calls, of servers and of users, each tenant's by itself. In
 * memory and of a fixed size per tenant; what is exact and lasts is the audit log.
 */
import { BoundedMap, methodRow, type Clock, type Outcome, type Principal } from '@sallyport/guard';
import { createCallSeries, type CallFigures, type CallSeries, type EndedCall } from './call-series.ts';
import { BUCKETS, bucketOf, quantileMs } from './latency.ts';

/** A user of a tenant that has called since the gateway was started. */
export interface ActivePerson {
  readonly issuer: string;
  readonly subject: string;
  /** That the latest credential named. */
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  /** Client ids, the latest last. */
  readonly agents: readonly string[];
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly calls: number;
}

/** Calls of one tenant to one server within the last minutes. */
export interface ServerFigures {
  readonly calls: number;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** Figures of the calls of each tenant. */
export interface Activity {
  /** Counts a call that ended. Costs about a microsecond, waits for nothing and never throws. */
  called(outcome: Outcome): void;
  /** The last two minutes in seconds, or the last two hours in minutes. */
  figures(tenant: string, window: FiguresWindow): CallFigures;
  server(tenant: string, server: string): ServerFigures;
  people(tenant: string): readonly ActivePerson[];
  /** When a client of a tenant called last; `undefined` when it has not since the start. */
  lastCallMs(tenant: string, clientId: string): number | undefined;
  /** Calls of a tenant so far: it differs when there is something new to show. */
  count(tenant: string): number;
}

/** How far back figures go. */
export type FiguresWindow = 'minutes' | 'hours';

const STEPS = 120;
const STEP_MS: Readonly<Record<FiguresWindow, number>> = { minutes: 1_000, hours: 60_000 };
/** What is of more tenants, servers, users or clients drops what was seen first. */
const TENANTS_MAX = 1_000;
const SERVERS_MAX = 200;
const PEOPLE_MAX = 1_000;
const CLIENTS_MAX = 1_000;
const AGENTS_OF_PERSON_MAX = 10;
const SERVER_WINDOW_MS = 300_000;

interface TenantActivity {
  readonly series: Readonly<Record<FiguresWindow, CallSeries>>;
  readonly servers: BoundedMap<string, ServerCounts>;
  readonly people: BoundedMap<string, PersonCounts>;
  /** By principal, which is the same object for the same credential, so that no key is built for each call. */
  readonly known: WeakMap<Principal, PersonCounts>;
  readonly clients: BoundedMap<string, number>;
  calls: number;
}

interface PersonCounts {
  readonly key: string;
  readonly issuer: string;
  readonly subject: string;
  roles: readonly string[];
  groups: readonly string[];
  readonly agents: Set<string>;
  readonly firstSeenMs: number;
  lastSeenMs: number;
  calls: number;
}

/** Two windows: the current one and the one before it, so that there are figures also when one has just begun. */
interface ServerCounts {
  window: number;
  current: Uint32Array;
  previous: Uint32Array;
}

/** @param clock tells when a call ended. */
export function createActivity(clock: Clock): Activity {
  const tenants = new BoundedMap<string, TenantActivity>(TENANTS_MAX);
  const activityOf = (tenant: string): TenantActivity => {
    const known = tenants.get(tenant);
    if (known !== undefined) return known;
    const made = emptyActivity();
    tenants.set(tenant, made);
    return made;
  };
  return {
    called(outcome) {
      const { tenant, principal, definition } = outcome;
      // Handshakes and lists reach no tool; strangers have no tenant to show them to.
      if (tenant === undefined || principal === undefined || !isCounted(outcome)) return;
      const activity = activityOf(tenant.id);
      const nowMs = clock.now();
      const ended = endedCall(outcome);
      activity.calls += 1;
      activity.series.minutes.add(ended, nowMs);
      activity.series.hours.add(ended, nowMs);
      if (definition !== undefined) countServer(activity, definition.server, ended.durationMs, nowMs);
      countPerson(activity, principal, nowMs);
    },
    figures: (tenant, window) => (tenants.get(tenant) ?? NOTHING).series[window].read(clock.now()),
    server: (tenant, server) => serverFigures(tenants.get(tenant)?.servers.get(server), clock.now()),
    people: (tenant) =>
      [...(tenants.get(tenant)?.people.values() ?? [])]
        .map(({ key: _key, agents, ...person }) => ({ ...person, agents: [...agents] }))
        .sort((a, b) => b.lastSeenMs - a.lastSeenMs),
    lastCallMs: (tenant, clientId) => tenants.get(tenant)?.clients.get(clientId),
    count: (tenant) => tenants.get(tenant)?.calls ?? 0,
  };
}

const emptyActivity = (): TenantActivity => ({
  series: { minutes: createCallSeries(STEP_MS.minutes, STEPS), hours: createCallSeries(STEP_MS.hours, STEPS) },
  servers: new BoundedMap(SERVERS_MAX),
  people: new BoundedMap(PEOPLE_MAX),
  known: new WeakMap(),
  clients: new BoundedMap(CLIENTS_MAX),
  calls: 0,
});

const NOTHING = emptyActivity();

/** Methods that are about one definition of a server. */
const isCounted = ({ method }: Outcome): boolean => methodRow(method)?.target !== undefined;

const endedCall = (outcome: Outcome): EndedCall => ({
  durationMs: outcome.durationMs,
  errorCode: outcome.status === 'success' ? undefined : outcome.error.row.errorCode,
  refused: outcome.status === 'refused',
});

function countServer({ servers }: TenantActivity, server: string, durationMs: number, nowMs: number): void {
  const window = Math.floor(nowMs / SERVER_WINDOW_MS);
  let counts = servers.get(server);
  if (counts === undefined) {
    counts = { window, current: new Uint32Array(BUCKETS), previous: new Uint32Array(BUCKETS) };
    servers.set(server, counts);
  }
  if (counts.window !== window) turn(counts, window);
  const bucket = bucketOf(durationMs);
  counts.current[bucket] = (counts.current[bucket] ?? 0) + 1;
}

/** The current window becomes the one before, unless it is older than that. */
function turn(counts: ServerCounts, window: number): void {
  const { current, previous } = counts;
  const isNext = window === counts.window + 1;
  counts.previous = isNext ? current : previous.fill(0);
  counts.current = isNext ? previous.fill(0) : current.fill(0);
  counts.window = window;
}

function serverFigures(counts: ServerCounts | undefined, nowMs: number): ServerFigures {
  const age = counts === undefined ? 2 : Math.floor(nowMs / SERVER_WINDOW_MS) - counts.window;
  if (counts === undefined || age > 1) return { calls: 0, p50Ms: undefined, p99Ms: undefined };
  const all = counts.current.map((count, at) => count + (age === 0 ? (counts.previous[at] ?? 0) : 0));
  return {
    calls: all.reduce((sum, count) => sum + count, 0),
    p50Ms: quantileMs(all, 0.5),
    p99Ms: quantileMs(all, 0.99),
  };
}

function countPerson(activity: TenantActivity, principal: Principal, nowMs: number): void {
  const person = activity.known.get(principal) ?? personOf(activity, principal, nowMs);
  // Somebody who was dropped for others and calls again is there again.
  if (!activity.people.has(person.key)) activity.people.set(person.key, person);
  person.calls += 1;
  person.lastSeenMs = nowMs;
  activity.clients.set(principal.agent.clientId, nowMs);
}

function personOf({ people, known }: TenantActivity, principal: Principal, nowMs: number): PersonCounts {
  const { issuer, subject, roles, groups } = principal.user;
  const key = JSON.stringify([issuer, subject]);
  const found = people.get(key);
  const person: PersonCounts = found ?? {
    key,
    issuer,
    subject,
    roles,
    groups,
    agents: new Set(),
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    calls: 0,
  };
  known.set(principal, person);
  person.roles = roles;
  person.groups = groups;
  person.agents.delete(principal.agent.clientId);
  person.agents.add(principal.agent.clientId);
  const [oldest] = person.agents;
  if (person.agents.size > AGENTS_OF_PERSON_MAX && oldest !== undefined) person.agents.delete(oldest);
  return person;
}
