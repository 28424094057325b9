/** `sallyport status`: what runs, and what is wrong with it. */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { listenerOrigin } from '@sallyport/server/listen/listener-origin';
import type { Snapshot } from '../snapshot.ts';
import { adminItems, adminRequest, adminTargetIfGiven, RUNNING_OPTION, type AdminTarget } from './admin-client.ts';
import { columns } from './columns.ts';
import type { CommandDefinition } from './command.ts';
import { fetchBounded } from './fetch-bounded.ts';
import { printJson, type CliIo } from './io.ts';
import { printableLine } from './printable.ts';

interface StatusOptions {
  readonly adminUrl?: string;
  readonly json?: boolean;
}

/** Something that works or does not. */
interface Part {
  readonly name: string;
  readonly status: string;
  /** What is wrong, with what a program wrote before it ended. */
  readonly error?: string;
}

/** What `--json` prints. */
interface Status {
  readonly running: boolean;
  readonly listeners: readonly Part[];
  readonly servers: readonly Part[];
  readonly issuers: readonly Part[];
  /** Whatever else does not work: the log, the store. */
  readonly faults: readonly Part[];
  /** By server: how many definitions wait for approval. */
  readonly waiting: Readonly<Record<string, number>>;
  readonly weakenings: readonly string[];
}

/** `sallyport status`. */
export const statusCommand: CommandDefinition<readonly [], StatusOptions> = {
  name: 'status',
  summary: 'what runs and what is wrong with it: listeners, servers, issuers, what waits, what is weakened',
  options: [RUNNING_OPTION, { flags: '--json', summary: 'print JSON' }],
  example: 'sallyport status',
  exitCodes: 'Exit code 1 when nothing answers, or a server, an issuer or the log does not work.',
  run: async (_given, { adminUrl, json }, context) => {
    const { io } = context;
    const target = await adminTargetIfGiven(adminUrl, context);
    const snapshot = target === undefined ? context.configuration.load() : undefined;
    if (target === undefined && snapshot === undefined) return;
    const status = target === undefined ? await ownStatus(snapshot as Snapshot) : await remoteStatus(target);
    const parts = [...status.servers, ...status.issuers];
    if (!status.running || status.faults.length > 0 || parts.some(({ status: each }) => each === 'failed')) io.exit(1);
    if (json === true) printJson(io, status, 'indented');
    else print(io, status);
  },
};

const SERVERS = 'servers.';
const ISSUERS = 'issuers.';
const OK = 'ok';
/** What `/ready` says of a server before its first attempt ended. */
const STARTING = 'its first start or connection is under way';

/** Of the gateway that runs with this configuration: its readiness needs no credential. */
async function ownStatus(snapshot: Snapshot): Promise<Status> {
  const admin = listenerOrigin(snapshot.admin.listen);
  const gateway = listenerOrigin(snapshot.gateway.listen);
  const [ready, health] = await Promise.all([documentAt(`${admin}/ready`), documentAt(`${gateway}/health`)]);
  const checks = Object.entries(isObject(ready?.['checks']) ? ready['checks'] : {});
  const named = (prefix: string): readonly Part[] =>
    checks.flatMap(([name, said]) => (name.startsWith(prefix) ? [partOf(name.slice(prefix.length), said)] : []));
  const servers = new Map(named(SERVERS).map((part) => [part.name, part]));
  const isListed = (name: string): boolean => name.startsWith(SERVERS) || name.startsWith(ISSUERS);
  return {
    running: ready !== undefined || health !== undefined,
    listeners: [
      { name: `${snapshot.gateway.publicUrl}/mcp`, status: health === undefined ? 'nothing answers' : 'answers' },
      { name: admin, status: ready === undefined ? 'nothing answers' : 'answers' },
    ],
    servers: snapshot.servers.map(({ name }) => servers.get(name) ?? { name, status: 'unknown' }),
    issuers: named(ISSUERS),
    faults: checks.filter(([name, said]) => !isListed(name) && said !== OK).map(([name, said]) => partOf(name, said)),
    waiting: await waitingIn(snapshot),
    weakenings: snapshot.weakenings,
  };
}

function partOf(name: string, said: Json | undefined): Part {
  if (said === OK) return { name, status: 'ready' };
  if (said === STARTING) return { name, status: 'starting' };
  return { name, status: 'failed', error: String(said) };
}

async function documentAt(url: string): Promise<JsonObject | undefined> {
  try {
    const { body } = await fetchBounded(url);
    const document = JSON.parse(body.toString()) as Json;
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

async function waitingIn(snapshot: Snapshot): Promise<Readonly<Record<string, number>>> {
  const { mayHoldPins, withKeysAndPins } = await import('../stores.ts');
  if (!mayHoldPins(snapshot)) return {};
  const pending = await withKeysAndPins(snapshot, async ({ pins }) => pins.pendingDigests());
  return countByServer(pending.filter(({ rejected }) => rejected === undefined));
}

function countByServer(definitions: readonly { readonly server: string }[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { server } of definitions) counts.set(server, (counts.get(server) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Of a gateway elsewhere, over its control API. */
async function remoteStatus(target: AdminTarget): Promise<Status> {
  const overview = await adminRequest(target, '/api/v1/overview');
  const servers = await adminItems(target, '/api/v1/servers');
  const partsIn = (value: unknown, name: string): readonly Part[] =>
    (Array.isArray(value) ? (value as readonly Json[]) : []).filter(isObject).map((each) => ({
      name: String(each[name]),
      status: String(each['status']),
      ...(typeof each['error'] === 'string' && { error: each['error'] }),
    }));
  const waiting = servers.map(({ name, pending_definitions: count }) => [String(name), Number(count)] as const);
  return {
    running: true,
    listeners: [{ name: target.origin, status: 'answers' }],
    servers: partsIn(overview['servers'], 'name'),
    issuers: partsIn(overview['issuers'], 'issuer'),
    faults: [],
    waiting: Object.fromEntries(waiting.filter(([, count]) => count > 0)),
    weakenings: Array.isArray(overview['weakenings']) ? overview['weakenings'].map(String) : [],
  };
}

const REASON_CHARACTERS_MAX = 800;

function print(io: CliIo, { listeners, servers, issuers, faults, waiting, weakenings, running }: Status): void {
  const cells = (kind: string, parts: readonly Part[]): readonly (readonly string[])[] =>
    parts.map(({ name, status, error }) => [
      kind,
      printableLine(name, 80),
      error === undefined ? status : `${status}: ${printableLine(error, REASON_CHARACTERS_MAX)}`,
    ]);
  const rows = [
    ...cells('listener', listeners),
    ...cells('server', servers),
    ...cells('issuer', issuers),
    ...cells('check', faults),
  ];
  for (const line of columns(rows)) io.stdout(`${line}\n`);
  for (const [server, count] of Object.entries(waiting))
    io.stdout(`waiting   ${count} of ${server}: sallyport pins list ${server} --pending\n`);
  for (const weakening of weakenings) io.stdout(`weakened  ${weakening}\n`);
  if (!running) io.stderr('No gateway runs with this configuration: sallyport start\n');
}
