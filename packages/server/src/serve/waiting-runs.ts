/** Runs of handlers whose modern client was asked something: they wait for its next request. */
import {
  createFairShares,
  GuardError,
  shareHolderOf,
  takeShare,
  type ClientChannel,
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

/** None at first. */
export function createWaitingRuns(states: RequestStates): WaitingRuns {
  const waiting = new Map<string, Waiting>();
  const shares = createFairShares(() => WAITING_MAX);
  const forget = (entry: Waiting): void => {
    clearTimeout(entry.expiry);
    entry.release();
    waiting.delete(entry.run.id);
  };
  const next = async (entry: Waiting, permitted: Permitted, channel: ClientChannel): Promise<McpResult> => {
    entry.run.channel = channel;
    try {
      const result = await resultOrQuestions(entry, permitted.call.signal);
      if (result === undefined) return park(entry, permitted);
      forget(entry);
      return result;
    } catch (thrown) {
      forget(entry);
      entry.run.abort(thrown as Error);
      throw thrown;
    } finally {
      entry.run.channel = undefined;
    }
  };
  const park = (entry: Waiting, permitted: Permitted): McpResult => {
    const { run } = entry;
    entry.release = takeShare(shares, shareHolderOf(permitted), 'calls … wait for an answer');
    entry.expiry = setTimeout(() => {
      run.abort(new GuardError('cancelled'));
      forget(entry);
    }, WAITING_MS).unref();
    waiting.set(run.id, entry);
    const state = states.seal(permitted, { kind: 'parked', id: run.id, round: run.round }, WAITING_MS);
    return { value: inputRequired(questionsOf(run), state) };
  };
  return {
    start(permitted, channel, limitMs, handle) {
      const run = createHandlerRun(permitted, channel, limitMs);
      const result = handle(run).finally(() => run.timeLimit.end());
      result.catch(() => undefined);
      return next({ run, result, expiry: undefined, release: () => undefined }, permitted, channel);
    },
    resume(permitted, channel) {
      const state = channel.era === 'modern' ? states.open(permitted) : undefined;
      if (state === undefined) return undefined;
      const entry = state.kind === 'parked' ? waiting.get(state.id) : undefined;
      // The seal has compared principal, method, target and arguments.
      if (entry === undefined || state.kind !== 'parked' || entry.run.round !== state.round)
        return Promise.reject(invalidRequestState());
      const answers = inputResponsesOf(permitted, entry.run.questions.keys());
      forget(entry);
      entry.run.round++;
      answerQuestions(entry.run, answers);
      return next(entry, permitted, channel);
    },
    close() {
      for (const entry of waiting.values()) {
        entry.run.abort(new GuardError('cancelled'));
        forget(entry);
      }
    },
  };
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
    run.signal.addEventListener('abort', () => reject(run.signal.reason as Error), { once: true });
    result.then(resolve, reject).finally(() => cancelled.removeEventListener('abort', over));
  });
}
