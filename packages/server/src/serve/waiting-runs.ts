/** Runs of handlers whose modern client was asked something: they wait for its next request. */
import {
  createFairShares,
  GuardError,
  shareHolderOf,
  takeShare,
  type ClientChannel,
  type FairShares,
  type McpResult,
  type Permitted,
} from '@sallyport/guard';
import { inputRequired, type InputRequest } from '../mcp/results.ts';
import { inputResponsesOf, invalidRequestState, type RequestStates } from '../request-state.ts';
import { answerQuestions, createHandlerRun, type HandlerRun } from './handler-run.ts';

/** How long a run waits for the answers of a person. */
export const WAITING_MS = 600_000;
/** Of everybody; a user alone gets half of them. */
const WAITING_MAX = 1_000;

/** The runs of this process. */
export interface WaitingRuns {
  /**
   * Begins a run.
   *
   * @returns the result of the handler, or what the client has to answer first.
   */
  start(
    permitted: Permitted,
    channel: ClientChannel,
    limitMs: number,
    handle: (run: HandlerRun) => Promise<McpResult>,
  ): Promise<McpResult>;
  /** Goes on with the run that the request state of a call names; `undefined` for a call without one. */
  resume(permitted: Permitted, channel: ClientChannel): Promise<McpResult> | undefined;
  /** Ends all of them. */
  close(): void;
}

interface Waiting {
  readonly run: HandlerRun;
  readonly result: Promise<McpResult>;
  expiry: NodeJS.Timeout | undefined;
  release: () => void;
}

interface State {
  readonly states: RequestStates;
  readonly waiting: Map<string, Waiting>;
  readonly shares: FairShares;
}

/** None at first. */
export function createWaitingRuns(states: RequestStates): WaitingRuns {
  const state: State = { states, waiting: new Map(), shares: createFairShares(() => WAITING_MAX) };
  return {
    start(permitted, channel, limitMs, handle) {
      const run = createHandlerRun(permitted, channel, limitMs);
      const result = handle(run).finally(() => run.timeLimit.end());
      result.catch(() => undefined);
      return next(state, { run, result, expiry: undefined, release: () => undefined }, permitted, channel);
    },
    resume: (permitted, channel) => resume(state, permitted, channel),
    close() {
      for (const entry of state.waiting.values()) end(state, entry);
    },
  };
}

function resume(state: State, permitted: Permitted, channel: ClientChannel): Promise<McpResult> | undefined {
  const opened = channel.era === 'modern' ? state.states.open(permitted) : undefined;
  if (opened === undefined) return undefined;
  const entry = opened.kind === 'parked' ? state.waiting.get(opened.id) : undefined;
  // The seal has compared principal, method, target and arguments.
  if (entry === undefined || opened.kind !== 'parked' || entry.run.round !== opened.round)
    return Promise.reject(invalidRequestState());
  const answers = inputResponsesOf(permitted, entry.run.questions.keys());
  forget(state, entry);
  entry.run.round++;
  answerQuestions(entry.run, answers);
  return next(state, entry, permitted, channel);
}

/** Waits for the result, or for the next questions. */
async function next(state: State, entry: Waiting, permitted: Permitted, channel: ClientChannel): Promise<McpResult> {
  entry.run.channel = channel;
  try {
    const result = await resultOrQuestions(entry, permitted.call.signal);
    if (result === undefined) return park(state, entry, permitted);
    forget(state, entry);
    return result;
  } catch (thrown) {
    forget(state, entry);
    entry.run.abort(thrown as Error);
    throw thrown;
  } finally {
    entry.run.channel = undefined;
  }
}

/** Keeps the run for the next request of the client, for a limited time. @throws GuardError `rate_limited` (B7). */
function park(state: State, entry: Waiting, permitted: Permitted): McpResult {
  const { run } = entry;
  entry.release = takeShare(state.shares, shareHolderOf(permitted), 'calls … wait for an answer');
  entry.expiry = setTimeout(() => end(state, entry), WAITING_MS).unref();
  state.waiting.set(run.id, entry);
  const sealed = state.states.seal(permitted, { kind: 'parked', id: run.id, round: run.round }, WAITING_MS);
  return { value: inputRequired(questionsOf(run), sealed) };
}

function forget({ waiting }: State, entry: Waiting): void {
  clearTimeout(entry.expiry);
  entry.release();
  waiting.delete(entry.run.id);
}

function end(state: State, entry: Waiting): void {
  entry.run.abort(new GuardError('cancelled'));
  forget(state, entry);
}

const questionsOf = ({ questions }: HandlerRun): Readonly<Record<string, InputRequest>> =>
  Object.fromEntries([...questions].map(([key, { method, params }]) => [key, { method, params }]));

/** @returns `undefined` when there are questions. Those that a handler asks in one go are sent together. */
function resultOrQuestions({ run, result }: Waiting, cancelled: AbortSignal): Promise<McpResult | undefined> {
  return new Promise((resolve, reject) => {
    const asked = (): void => void setImmediate(() => resolve(undefined));
    run.onQuestion = asked;
    if (run.questions.size > 0) asked();
    const over = (): void => reject(new GuardError('cancelled'));
    if (cancelled.aborted) over();
    cancelled.addEventListener('abort', over, { once: true });
    result.then(resolve, reject).finally(() => cancelled.removeEventListener('abort', over));
  });
}
