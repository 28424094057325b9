/**
 * A whole gateway that is killed under load, over and over on one data folder: `sallyport start` with clients of both
 * eras over HTTP, and `sallyport stdio` with calls of both eras, in front of a server over HTTP and one over stdio that
 * keep their own lists of what they executed.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { processOf } from '../../packages/server/src/segments/layout.ts';
import { openAuditLog } from '../../packages/server/src/segments/log.ts';
import { recordsIn } from '../../packages/server/src/segments/read-log.ts';
import { openInstallation, startGatewayProcess, type Installation } from '../attacks/installation.ts';
import { connect, type Era } from '../attacks/mcp-client.ts';
import { openStdioClient, type StdioClient } from '../attacks/stdio-client.ts';
import { openUpstream, tool, type Upstream } from '../attacks/upstream.ts';
import { callsIn, openJournal, type Journal } from './journal.ts';
import type { Below } from './random.ts';

const journalServer = fileURLToPath(new URL('./journal-server.ts', import.meta.url));

/** Who calls what over HTTP. */
const HTTP_CLIENTS: readonly (readonly [user: string, era: Era, server: string])[] = [
  ['alice', 'legacy', 'http'],
  ['alice', 'modern', 'http'],
  ['carol', 'legacy', 'http'],
  ['carol', 'modern', 'child'],
];
const ERAS: readonly Era[] = ['legacy', 'modern'];
/** Calls of one client that are under way together. */
const CALLS_TOGETHER = 2;
const ANSWERS_UNTIL_KILL_MAX = 60;
/** One kill in so many comes while the gateway starts. */
const KILLS_PER_START_KILL = 8;
const OUTPUT_UNTIL_KILL_MAX = 6;

/** What the clients and the servers saw, and what the log says. */
export interface Figures {
  kills: number;
  stdioKills: number;
  answered: number;
  executed: number;
  /** Executed calls whose outcome nobody could record: recovery wrote `unknown`. */
  unknown: number;
  /** Time between the first and the last answer of each round, and the answers in it. */
  loadMs: number;
  loadAnswers: number;
}

/** See the head of this file. */
export interface KilledGateway {
  readonly figures: Figures;
  /** Starts what does not run, verifies the logs, makes calls, kills. @throws Error that says what is wrong. */
  round(below: Below): Promise<void>;
  /** Compares the lists of servers and clients with the logs. Nothing may run. @throws Error */
  check(): Promise<void>;
  close(): Promise<void>;
}

interface Rig {
  readonly installation: Installation;
  readonly upstream: Upstream;
  readonly journal: Journal;
  readonly journals: readonly string[];
  readonly answered: Set<string>;
  readonly figures: Figures;
  stdio: StdioClient | undefined;
  /** Resolves when the gateway that runs now is gone. */
  killGateway: () => Promise<void>;
  /** Called for every answer. */
  onAnswer: () => void;
}

export async function openKilledGateway(): Promise<KilledGateway> {
  const rig = await openRig();
  return {
    figures: rig.figures,
    round: (below) => round(rig, below),
    check: () => check(rig),
    async close() {
      await Promise.all([rig.killGateway(), killStdio(rig)]);
      await rig.upstream.close();
      rig.journal.close();
      await rig.installation.close();
    },
  };
}

async function openRig(): Promise<Rig> {
  let journal: Journal | undefined;
  const upstream = await openUpstream({
    tools: [tool('act', { call: { type: 'string' } })],
    respond({ method, params }) {
      if (method === 'tools/call') journal?.add((params['arguments'] as { call: string }).call);
      return undefined;
    },
  });
  const servers: Record<string, object> = { http: { url: upstream.url } };
  const settings = {
    audit: { clearArguments: ['*/*/call'], segment: '64Ki' },
    log: { level: 'info' },
  };
  const installation = await openInstallation({ servers, settings });
  const journals = ['http.list', 'child.list'].map((name) => join(installation.folder, name));
  servers['child'] = { command: [process.execPath, journalServer, journals[1]] };
  installation.write({ ...installation.settings, servers });
  journal = openJournal(journals[0] ?? '');
  openJournal(journals[1] ?? '').close();
  // A process that is killed leaves no compile cache; with the cache of this one the others start twice as fast.
  await (await startGatewayProcess(installation)).stop();
  const figures = { kills: 0, stdioKills: 0, answered: 0, executed: 0, unknown: 0, loadMs: 0, loadAnswers: 0 };
  const onAnswer = (): void => undefined;
  return {
    installation,
    upstream,
    journal,
    journals,
    answered: new Set(),
    figures,
    stdio: undefined,
    killGateway: async () => undefined,
    onAnswer,
  };
}

async function round(rig: Rig, below: Below): Promise<void> {
  const { installation, figures } = rig;
  const child = installation.spawn(['start', '--json']);
  const gone = once(child, 'close').then(() => undefined);
  rig.killGateway = () => {
    child.kill('SIGKILL');
    return gone;
  };
  let said = '';
  let chunks = 0;
  const chunksUntilKill = below(KILLS_PER_START_KILL) === 0 ? 1 + below(OUTPUT_UNTIL_KILL_MAX) : Infinity;
  const listening = new Promise<boolean>((resolve, reject) => {
    const onOutput = (chunk: Buffer): void => {
      said += chunk.toString();
      chunks += 1;
      if (chunks >= chunksUntilKill) resolve(false);
      if (said.includes('gateway_url')) resolve(true);
    };
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
    void gone.then(() => reject(new Error(`the gateway ended by itself: ${said}`)));
  });
  // Somebody's connection may have taken the port meanwhile.
  const isListening = await listening.catch((thrown: unknown) => {
    if (!said.includes('is in use by another process')) throw thrown;
    return undefined;
  });
  if (isListening === undefined) return round(rig, below);
  if (isListening) {
    await verify(installation);
    rig.stdio ??= await openBusyStdio(rig);
    await loadUntil(rig, 1 + below(ANSWERS_UNTIL_KILL_MAX), said);
  }
  const killed = rig.killGateway();
  figures.kills += 1;
  // The other process goes on half of the times.
  if (rig.stdio !== undefined && below(2) === 0) {
    await killStdio(rig);
    figures.stdioKills += 1;
  }
  await killed;
}

/** Makes calls of every kind at once until so many were answered. They go on until something is killed. */
async function loadUntil(rig: Rig, answers: number, said: string): Promise<void> {
  const { installation, figures } = rig;
  const enough = Promise.withResolvers<void>();
  let count = 0;
  const startedAtMs = performance.now();
  rig.onAnswer = () => {
    count += 1;
    if (count === answers) enough.resolve();
  };
  const loops = HTTP_CLIENTS.map(async ([user, era, server]) => {
    const client = await connect(`${installation.url}/mcp/${server}`, await installation.token(user), era);
    await together((call) => client.send('tools/call', { name: 'act', arguments: { call } }, call), rig);
  });
  // Without a kill a loop ends only when its client could not go on.
  const allEnded = Promise.allSettled(loops).then(() => {
    throw new Error(`no call is answered any more; ${count} were: ${said}`);
  });
  allEnded.catch(() => undefined);
  await Promise.race([enough.promise, allEnded]);
  figures.loadMs += performance.now() - startedAtMs;
  figures.loadAnswers += count;
}

/** `sallyport stdio` with calls of both eras, which go on until it is killed. */
async function openBusyStdio(rig: Rig): Promise<StdioClient> {
  const { installation } = rig;
  const client = await openStdioClient(installation, await installation.token('alice'), { era: 'legacy' });
  for (const era of ERAS) {
    const calling = together((call) => client.send('tools/call', { name: 'http__act', arguments: { call } }, era), rig);
    calling.catch(() => undefined);
  }
  return client;
}

async function killStdio(rig: Rig): Promise<void> {
  rig.stdio?.kill('SIGKILL');
  await rig.stdio?.ended;
  rig.stdio = undefined;
}

/** Calls one after the other, several at once, until the client or the gateway is gone. */
async function together(send: (call: string) => Promise<{ result: unknown }>, rig: Rig): Promise<void> {
  const next = async (): Promise<void> => {
    for (;;) {
      const call = crypto.randomUUID();
      const { result } = await send(call);
      const isDone = JSON.stringify(result ?? null).includes('done');
      if (isDone) rig.answered.add(call);
      if (isDone) rig.onAnswer();
    }
  };
  await Promise.all(Array.from({ length: CALLS_TOGETHER }, next));
}

/**
 * What is said of a log whose process was killed before or in its first checkpoint, until the next start has signed it.
 */
const isFirstCheckpoint = ({ file, what }: { readonly file: string; readonly what: string }): boolean =>
  what.startsWith('there is no checkpoint') || (file === 'resume' && what === 'the file is missing');

async function verify(installation: Installation): Promise<void> {
  const { code, stdout, stderr } = await installation.command(['audit', 'verify', '--json']);
  if (code === 0) return;
  const logs = JSON.parse(stdout) as { problems: { file: string; what: string }[] }[];
  const found = logs.flatMap(({ problems }) => problems).filter((problem) => !isFirstCheckpoint(problem));
  if (found.length > 0) throw new Error(`audit verify after a restart: ${stdout}${stderr}`);
}

async function check(rig: Rig): Promise<void> {
  const { installation, figures, answered, journals } = rig;
  await killStdio(rig);
  const audit = join(installation.data, 'audit');
  const logs = readdirSync(audit).filter((name) => processOf(name) !== undefined);
  for (const name of [undefined, ...logs.map(processOf)]) await closeOpenIntents(audit, name);
  await verify(installation);
  const outcomes = outcomesIn([audit, ...logs.map((name) => join(audit, name))]);
  const executed = journals.flatMap(callsIn);
  figures.executed = executed.length;
  figures.answered = answered.size;
  figures.unknown = [...outcomes.values()].filter((status) => status === 'unknown').length;
  const times = new Map<string, number>();
  for (const call of executed) times.set(call, (times.get(call) ?? 0) + 1);
  const faults = [
    ...[...times].filter(([, count]) => count > 1).map(([call]) => `executed twice: ${call}`),
    ...executed.filter((call) => !outcomes.has(call)).map((call) => `executed without an intent: ${call}`),
    ...[...outcomes].filter(([, status]) => status === undefined).map(([call]) => `intent without outcome: ${call}`),
    ...[...answered].filter((call) => outcomes.get(call) !== 'success').map((call) => `answer not recorded: ${call}`),
  ];
  if (faults.length > 0) throw new Error(`${faults.length} calls: ${faults.slice(0, 10).join('\n')}`);
}

/** One more start of a log closes the intents that the last kill left. */
async function closeOpenIntents(folder: string, name: string | undefined): Promise<void> {
  const clock = { now: () => Date.now() };
  const log = openAuditLog({ folder, ...(name !== undefined && { name }), origin: 'sallyport.local', clock });
  await log.opened();
  const faults = [...log.faults()].filter(([, fault]) => fault !== undefined);
  await log.close();
  if (faults.length > 0) throw new Error(`a log does not open: ${faults.join(' ')}`);
}

/** What the logs say of each call: the status of its outcome, `undefined` when there is none. */
function outcomesIn(folders: readonly string[]): Map<string, string | undefined> {
  const outcomes = new Map<string, string | undefined>();
  const calls = new Map<string, string>();
  for (const folder of folders)
    for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      if (processOf(name) !== undefined) continue;
      for (const { bytes } of recordsIn(join(folder, name), [])) {
        const { unmapped } = JSON.parse(bytes.toString()) as { unmapped: RecordFields };
        const call = unmapped.arguments?.call ?? calls.get(unmapped.record_id);
        if (call === undefined) continue;
        calls.set(unmapped.record_id, call);
        outcomes.set(call, unmapped.phase === 'outcome' ? unmapped.status : outcomes.get(call));
      }
    }
  return outcomes;
}

interface RecordFields {
  readonly record_id: string;
  readonly phase: 'intent' | 'outcome';
  readonly status?: string;
  readonly arguments?: { readonly call?: string };
}
