/** `/ready`: every dependency is asked, at most once a second however often the question comes, and the failing one is named. */
import { sendJson, type Endpoint } from './endpoint.ts';

/** One dependency, or a group of them (`servers`) that answers for each by name. */
export interface Check {
  readonly name: string;
  /** `undefined` = fine; text = why not, in a sentence without secrets; a record = each member by name. Throwing is a no. */
  run(): Answer | Promise<Answer>;
}
export type Answer = string | undefined | Readonly<Record<string, string | undefined>>;

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

export interface ReadyOptions {
  readonly checks: readonly Check[];
  /** False on a listener that anyone can reach: groups answer as one, and nothing says why. */
  readonly details: boolean;
  readonly timeoutMs?: number;
  readonly rememberMs?: number;
}

const TIMEOUT_MS = 2_000;
const REMEMBER_MS = 1_000;

export function createReady(options: ReadyOptions): Endpoint {
  const ask = remembered(() => readiness(options), options.rememberMs ?? REMEMBER_MS);
  return async (response) => {
    const { ready, checks } = await ask();
    sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks });
  };
}

export async function readiness(options: ReadyOptions): Promise<Readiness> {
  const answers = await Promise.all(
    options.checks.map(async (check) =>
      namesOf(check.name, await bounded(check, options.timeoutMs ?? TIMEOUT_MS), options.details),
    ),
  );
  const entries = answers.flat();
  return {
    ready: entries.every(([, why]) => why === undefined),
    checks: Object.fromEntries(
      entries.map(([name, why]) => [name, why === undefined ? 'ok' : options.details ? why : 'failing']),
    ),
  };
}

async function bounded(check: Check, timeoutMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
  });
  try {
    return await Promise.race([late, check.run()]);
  } catch {
    // What was thrown may quote a connection string or worse; the log has it.
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}

function namesOf(name: string, answer: Answer, details: boolean): [string, string | undefined][] {
  if (answer === undefined || typeof answer === 'string') return [[name, answer]];
  const members = Object.entries(answer);
  if (!details) return [[name, members.find(([, why]) => why !== undefined)?.[1]]];
  return members.map(([member, why]) => [`${name}.${member}`, why]);
}

/** Concurrent questions share one answer, so that asking often costs nothing. */
function remembered<T>(ask: () => Promise<T>, forMs: number): () => Promise<T> {
  let held: { readonly answer: Promise<T>; readonly until: number } | undefined;
  return () => {
    const now = performance.now();
    if (held === undefined || now >= held.until) held = { answer: ask(), until: now + forMs };
    return held.answer;
  };
}
