/**
 * One run of a handler. It may outlive the request that began it: a modern client that is asked something gets the
 * questions as the result of its request, and its next request goes on with the same run (ADR 18).
 */
import { randomUUID } from 'node:crypto';
import { GuardError, type ClientChannel, type JsonObject, type Permitted } from '@sallyport/guard';
import type { InputRequest } from '../mcp/results.ts';
import { createTimeLimit, type TimeLimit } from './time-limit.ts';

/** A question that waits for its answer. */
interface OpenQuestion extends InputRequest {
  readonly resolve: (answer: JsonObject) => void;
  readonly reject: (why: Error) => void;
}

/** A handler that runs, or that waits for its client. */
export interface HandlerRun {
  readonly id: string;
  /** The call that began it: whoever goes on with it must make the same one. */
  readonly permitted: Permitted;
  /** The way to the client that waits now; `undefined` while none does. */
  channel: ClientChannel | undefined;
  /** Counts the requests that went on with it. */
  round: number;
  /** Aborted when nobody waits for the result any more, or when the time is over. */
  readonly signal: AbortSignal;
  readonly timeLimit: TimeLimit;
  /** Questions by the names under which the client sees them. */
  readonly questions: Map<string, OpenQuestion>;
  /** Called when there is a question. */
  onQuestion: () => void;
  /** Ends it: the handler is told through `signal`. */
  abort(why: Error): void;
}

/** @param limitMs of running time. */
export function createHandlerRun(permitted: Permitted, channel: ClientChannel, limitMs: number): HandlerRun {
  const abort = new AbortController();
  const timeLimit = createTimeLimit(limitMs);
  const run: HandlerRun = {
    id: randomUUID(),
    permitted,
    channel,
    round: 0,
    signal: AbortSignal.any([abort.signal, timeLimit.signal]),
    timeLimit,
    questions: new Map(),
    onQuestion: () => undefined,
    abort: (why) => abort.abort(why),
  };
  run.signal.addEventListener('abort', () => rejectQuestions(run, run.signal.reason as Error), { once: true });
  return run;
}

function rejectQuestions({ questions }: HandlerRun, why: Error): void {
  for (const { reject } of questions.values()) reject(why);
  questions.clear();
}

const QUESTIONS_MAX = 16;

/** A question for a modern client: it goes out as a part of the result. */
export function openQuestion(run: HandlerRun, request: InputRequest, key: string): Promise<JsonObject> {
  if (run.signal.aborted) return Promise.reject(run.signal.reason as Error);
  if (run.questions.size >= QUESTIONS_MAX)
    return Promise.reject(new GuardError('rate_limited', { message: 'The handler asks too much at once.' }));
  return new Promise((resolve, reject) => {
    run.questions.set(key, { ...request, resolve, reject });
    run.onQuestion();
  });
}

/** Gives the answers of a client to the handler. Questions without an answer are asked again. */
export function answerQuestions({ questions }: HandlerRun, answers: Readonly<Record<string, JsonObject>>): void {
  for (const [key, answer] of Object.entries(answers)) {
    questions.get(key)?.resolve(answer);
    questions.delete(key);
  }
}
