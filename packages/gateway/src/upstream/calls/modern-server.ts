/** A modern server that wants input: a modern client is told so, a legacy client is asked at once and the call repeated. */
import { GuardError, isObject, type JsonObject, type McpResult } from '@sallyport/guard';
import { transportFailure } from '../transports/failure.ts';
import type { ServerResult } from '../transports/transport.ts';
import { askClient, askDirectly } from '../client-requests/ask-client.ts';
import { resultOf, type CallDeps, type Run } from '../calls/run.ts';
import { requireResultType } from './result-type.ts';
import { MULTI_ROUND, sealState } from '../calls/request-state.ts';
import { sealResult } from '../calls/tasks.ts';
import { isClientRequest } from '../../mcp/client-requests.ts';

const ROUNDS_MAX = 10;
const QUESTIONS_MAX = 32;
const WRAPPED_MS = 15 * 60_000;

/** Sends the call once more with what is given. */
export type Repeat = (extra: JsonObject) => Promise<ServerResult>;

const wantsInput = (answer: ServerResult): boolean => answer.value['resultType'] === 'input_required';

function finished(run: Run, answer: ServerResult): McpResult {
  requireResultType(run, 'modern', answer.value);
  return resultOf(answer, sealResult(run.seal, run.permitted.call.method, answer.value));
}

interface Question {
  readonly method: string;
  readonly params: JsonObject;
}

/** @throws GuardError `upstream_failed` when the server asks in a way that the revision does not know. */
function questionsOf(run: Run, value: JsonObject): ReadonlyMap<string, Question> {
  const { inputRequests, requestState } = value;
  if (!MULTI_ROUND.has(run.permitted.call.method))
    throw transportFailure('input is asked for where the revision does not allow it');
  if (inputRequests === undefined ? typeof requestState !== 'string' : !isObject(inputRequests))
    throw transportFailure('input is asked for without saying which');
  const found = new Map<string, Question>();
  for (const [key, request] of isObject(inputRequests) ? Object.entries(inputRequests) : []) {
    if (!isObject(request) || typeof request['method'] !== 'string' || !isClientRequest(request['method']))
      throw transportFailure('a malformed input request');
    found.set(key, { method: request['method'], params: isObject(request['params']) ? request['params'] : {} });
  }
  if (found.size > QUESTIONS_MAX) throw transportFailure('too many input requests');
  return found;
}

export async function forModernClient(bridge: CallDeps, run: Run, answer: ServerResult): Promise<McpResult> {
  if (!wantsInput(answer)) return finished(run, answer);
  const questions = questionsOf(run, answer.value);
  const inputRequests: Record<string, JsonObject> = {};
  await Promise.all(
    [...questions].map(([key, question]) =>
      askClient(bridge.clientRequest, run, question, (params) => {
        // Delivered with this result; the answer comes with the retry.
        inputRequests[key] = { method: question.method, params };
        return Promise.resolve({});
      }),
    ),
  );
  const { requestState, inputRequests: _asked, ...rest } = answer.value;
  const state = {
    kind: 'wrapped',
    state: typeof requestState === 'string' ? requestState : null,
    keys: [...questions.keys()],
  } as const;
  const asked = questions.size === 0 ? {} : { inputRequests };
  return {
    value: {
      ...sealResult(run.seal, run.permitted.call.method, rest),
      ...asked,
      requestState: sealState(bridge, run.permitted, state, WRAPPED_MS),
    },
  };
}

export async function forLegacyClient(
  bridge: CallDeps,
  run: Run,
  first: ServerResult,
  repeat: Repeat,
): Promise<McpResult> {
  let answer = first;
  for (let round = 0; wantsInput(answer); round++) {
    if (round >= ROUNDS_MAX) throw transportFailure('the server does not stop asking');
    const questions = questionsOf(run, answer.value);
    const answers = await Promise.all(
      [...questions].map(
        async ([key, { method, params }]) =>
          [key, await askDirectly(bridge.clientRequest, run, { method, params })] as const,
      ),
    );
    const { requestState } = answer.value;
    answer = await repeat({
      ...(answers.length === 0 ? {} : { inputResponses: Object.fromEntries(answers) }),
      ...(typeof requestState === 'string' ? { requestState } : {}),
    });
    if (run.permitted.call.signal.aborted) throw new GuardError('cancelled');
  }
  return finished(run, answer);
}
