/** Makes what a handler gets. */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { ToolError } from '../errors.ts';
import type { HandlerCall } from '../handler.ts';
import type { Http } from '../http/index.ts';
import { isAtLeast } from '../mcp/log-levels.ts';
import { NOTIFICATION } from '../mcp/notifications.ts';
import { prepareSchema, type Schema, type SchemaOutput } from '../schema.ts';
import type { AskClient } from './ask-client.ts';
import type { HandlerRun } from './handler-run.ts';

/** What the calls of all handlers use. */
export interface HandlerDeps {
  readonly askClient: AskClient;
  /** The level of the log that a legacy client has asked for. */
  readonly logLevelOf: (run: HandlerRun) => string;
  readonly server: string;
  /** Where `fetch` sends requests. */
  readonly http: Http | undefined;
}

/** @param input as the handler gets it. */
export function handlerCall<Input>(deps: HandlerDeps, run: HandlerRun, input: Input): HandlerCall<Input> {
  const { principal, tenant, call } = run.permitted;
  return {
    input,
    principal,
    tenant,
    signal: run.signal,
    correlationId: call.origin.correlationId,
    async fetch(target, { method = 'get', ...request } = {}) {
      if (deps.http === undefined) throw new Error('fetch needs the option http of secureServer');
      return deps.http[method](run, target, request);
    },
    progress: (done, total, message) =>
      run.channel?.notify(NOTIFICATION.progress, {
        progress: done,
        ...(total !== undefined && { total }),
        ...(message !== undefined && { message }),
      }),
    log(level, data) {
      const least = run.channel?.logLevel ?? deps.logLevelOf(run);
      if (isAtLeast(level, least)) run.channel?.notify(NOTIFICATION.message, { level, logger: deps.server, data });
    },
    ask: (message, answer, name) => askUser(deps.askClient, run, message, answer, name),
    sample: (request) => deps.askClient(run, 'sampling/createMessage', request),
    roots: async () => listOf((await deps.askClient(run, 'roots/list', {}))['roots']),
  };
}

async function askUser<A extends Schema>(
  askClient: AskClient,
  run: HandlerRun,
  message: string,
  answer: A,
  name: string | undefined,
): Promise<SchemaOutput<A>> {
  const schema = prepareSchema(answer, 'input', 'the answer');
  const { additionalProperties: _closed, ...requestedSchema } = schema.document;
  requireFlat(requestedSchema);
  const { action, content } = await askClient(run, 'elicitation/create', { message, requestedSchema }, name);
  if (action !== 'accept') throw new ToolError('DECLINED', 'The user did not answer the question of the tool.');
  const given: Json = content ?? {};
  const [fault] = schema.check(given);
  const parsed = fault === undefined ? await schema.parse(given) : { faults: [`${fault.path} ${fault.message}`] };
  if (parsed.faults !== undefined)
    throw new ToolError('INVALID_ANSWER', `The answer of the user does not fit the question: ${parsed.faults[0]}`);
  return parsed.value as SchemaOutput<A>;
}

/** MCP, client/elicitation: a form has no objects in objects. */
function requireFlat({ properties }: JsonObject): void {
  const nested = Object.entries(isObject(properties) ? properties : {}).find(
    ([, part]) => isObject(part) && part['type'] === 'object',
  );
  if (nested !== undefined) throw new RangeError(`the answer to a question is flat: ${nested[0]} is an object`);
}

const listOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
