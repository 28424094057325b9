/** What a handler asks of its client: each question passes the guard as a call of its own, and is recorded. */
import { GuardError, isObject, type Guard, type JsonObject } from '@sallyport/guard';
import { ToolError } from '../errors.ts';
import { acceptsForms, capabilityNeededBy } from '../mcp/client-requests.ts';
import { openQuestion, type HandlerRun } from './handler-run.ts';

/** Asks the client of a run. @returns the result of the request. */
export type AskClient = (run: HandlerRun, method: string, params: JsonObject, name?: string) => Promise<JsonObject>;

/** @param guard judges every question. */
export function createAskClient(guard: () => Guard): AskClient {
  let count = 0;
  return async (run, method, params, name) => {
    requireCapability(run, method, params);
    run.timeLimit.pause();
    count += 1;
    const key = name === undefined || run.questions.has(name) ? `question_${count}` : name;
    try {
      return await throughGuard(guard(), run, method, params, () => deliver(run, method, params, key));
    } finally {
      run.timeLimit.resume();
    }
  };
}

async function throughGuard(
  guard: Guard,
  { permitted: { call, principal } }: HandlerRun,
  method: string,
  params: JsonObject,
  deliverQuestion: () => Promise<JsonObject>,
): Promise<JsonObject> {
  const outcome = await guard.run(
    {
      ...call,
      method,
      params,
      rawArguments: undefined,
      target: 'server' in call.target ? { kind: 'servers', servers: [call.target.server] } : call.target,
      credentials: { kind: 'on_behalf_of_call', principal },
    },
    async () => ({ value: await deliverQuestion() }),
  );
  if (outcome.status !== 'success') throw outcome.error;
  return outcome.result.value;
}

function deliver(run: HandlerRun, method: string, params: JsonObject, key: string): Promise<JsonObject> {
  const request = run.channel?.request;
  if (run.permitted.call.origin.era === 'modern') return openQuestion(run, { method, params }, key);
  if (request === undefined) return Promise.reject(cannotAsk(method, {}));
  return request(method, params, run.signal);
}

/** @throws ToolError `CANNOT_ASK` that knows what a modern client would have to declare. */
function requireCapability(run: HandlerRun, method: string, params: JsonObject): void {
  const capability = capabilityNeededBy(method) ?? '';
  const declared = run.channel?.capabilities[capability];
  if (!isObject(declared)) throw cannotAsk(method, { [capability]: {} });
  if (capability === 'elicitation' && !acceptsForms(declared)) throw cannotAsk(method, { [capability]: { form: {} } });
  const usesTools = params['tools'] !== undefined || params['toolChoice'] !== undefined;
  if (capability === 'sampling' && usesTools && !isObject(declared['tools']))
    throw cannotAsk(method, { [capability]: { tools: {} } });
}

const CANNOT: Readonly<Record<string, string>> = {
  'elicitation/create': 'The tool has a question for the user, and this client cannot ask.',
  'sampling/createMessage': 'The tool needs the model of the client, and this client does not offer it.',
  'roots/list': 'The tool needs the folders of the client, and this client names none.',
};

const cannotAsk = (method: string, requiredCapabilities: JsonObject): ToolError =>
  new ToolError('CANNOT_ASK', CANNOT[method] ?? 'The client cannot be asked.', {
    cause: new GuardError('missing_client_capability', { data: { requiredCapabilities } }),
  });
