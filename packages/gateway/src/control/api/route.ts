/**
 * What an endpoint of the control API declares, once: method, path, who may use it, schemas, errors. From it come the
 * router's table, the validation of what arrives and of what is answered, and the OpenAPI document.
 */
import type { MaybePromise } from '@sallyport/guard';
import { z } from 'zod';
import type { EndpointMethod } from '../endpoint.ts';
import type { ProblemCode } from '../problem.ts';
import type { Access, ApiCaller, Role } from './access.ts';
import { readBody, readParams, readQuery } from './validate.ts';

/** The caller of a route: there is none where no credential is read. */
export type CallerOf<A extends Access> = A extends 'none' ? undefined : ApiCaller;

/** What an endpoint is given. All of it has passed its schema. */
export interface ApiRequest<A extends Access, Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: CallerOf<A>;
  /** Entity tags that the caller expects (`If-Match`); `undefined` without the header. */
  readonly ifMatch: readonly string[] | undefined;
  /** Aborted when the caller has gone or the gateway stops. */
  readonly signal: AbortSignal;
}

/** What an endpoint answers. */
export interface ApiAnswer<Value> {
  readonly value: Value;
  /** The version of the resource, for `ETag` and `If-Match`. */
  readonly version?: string | number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values of `Set-Cookie`. */
  readonly cookies?: readonly string[];
}

/** How an answer is sent: one document, one JSON text per line, or server-sent events until the caller goes. */
export type AnswerFormat = 'json' | 'lines' | 'events';

/** What is the same for every route, whatever its schemas. */
interface Declared<A extends Access> {
  readonly method: EndpointMethod;
  /** Such as `/api/v1/approvals/{id}`. */
  readonly path: string;
  readonly access: A;
  /** Another role that may use it. */
  readonly orRole?: Role;
  /** Changes what belongs to the whole installation: the role must be bound to every tenant. */
  readonly everywhere?: boolean;
  /** One line, for the OpenAPI document. */
  readonly summary: string;
  readonly description?: string;
  /** Problems besides those that every route has. */
  readonly errors?: readonly ProblemCode[];
  /** Whether a change must name the version that it changes. */
  readonly ifMatch?: 'optional' | 'required';
  /** Whether `Idempotency-Key` is read: the same key and body get the same answer for a day. */
  readonly idempotent?: boolean;
  /** Of a good answer; 200 when left out. */
  readonly status?: 200 | 201;
}

/** What a file of an endpoint declares. */
export interface RouteDeclaration<
  Deps,
  A extends Access,
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Value extends z.ZodType,
> extends Declared<A> {
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly response: Value;
  handle(
    request: ApiRequest<A, z.output<Params>, z.output<Query>, z.output<Body>>,
    deps: Deps,
  ): MaybePromise<ApiAnswer<z.input<Value>>>;
}

/** A request whose path and method matched, before its schemas were applied. */
export interface RawRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly caller: ApiCaller | undefined;
  readonly ifMatch: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** A route with its types erased: what the table holds. */
export interface ApiRoute<Deps> extends Declared<Access> {
  readonly format: AnswerFormat;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** `undefined` for a route that takes no body. */
  readonly body: z.ZodObject | undefined;
  /** Of one line or of the data of one event, where there are several. */
  readonly response: z.ZodType;
  /** @throws ApiProblem, GuardError, or an error that the caller does not read. */
  run(request: RawRequest, deps: Deps): MaybePromise<ApiAnswer<unknown>>;
}

const NOTHING = z.strictObject({});

/** An endpoint that answers with one JSON document. */
export function route<
  Deps,
  const A extends Access,
  Value extends z.ZodType,
  Params extends z.ZodObject = typeof NOTHING,
  Query extends z.ZodObject = typeof NOTHING,
  Body extends z.ZodObject = typeof NOTHING,
>(declaration: RouteDeclaration<Deps, A, Params, Query, Body, Value>): ApiRoute<Deps> {
  const { params = NOTHING, query = NOTHING, body, response } = declaration;
  return {
    ...declaration,
    format: 'json',
    params,
    query,
    body,
    async run(raw, deps) {
      const answer = await declaration.handle(typed(declaration, raw), deps);
      return { ...answer, value: response.parse(answer.value) };
    },
  };
}

/** An endpoint whose answer is a stream of JSON texts, one per line (`application/x-ndjson`). */
export function linesRoute<
  Deps,
  const A extends Access,
  Value extends z.ZodType,
  Params extends z.ZodObject = typeof NOTHING,
  Query extends z.ZodObject = typeof NOTHING,
>(
  declaration: Omit<RouteDeclaration<Deps, A, Params, Query, typeof NOTHING, Value>, 'body' | 'handle'> & {
    lines(request: ApiRequest<A, z.output<Params>, z.output<Query>, object>, deps: Deps): AsyncIterable<z.input<Value>>;
  },
): ApiRoute<Deps> {
  const { params = NOTHING, query = NOTHING, response } = declaration;
  return {
    ...declaration,
    format: 'lines',
    params,
    query,
    body: undefined,
    run: (raw, deps) => ({ value: checked(declaration.lines(typed(declaration, raw), deps), response) }),
  };
}

/** What is sent to one listener of an event stream. */
export interface ServerEvent<Value = unknown> {
  readonly event: string;
  readonly data: Value;
}

/** Sends events to one listener until the returned function is called. */
export type Subscribe = (send: (event: ServerEvent) => void) => () => void;

/**
 * An endpoint that keeps sending events. Its answer is a {@link Subscribe}; who still may listen is judged again and
 * again by the frame.
 */
export function eventsRoute<Deps, const A extends Exclude<Access, 'none'>>(
  declaration: Omit<Declared<A>, 'method' | 'status' | 'ifMatch' | 'idempotent'> & {
    /** Schema of the data by name of the event. */
    readonly events: Readonly<Record<string, z.ZodType>>;
    subscribe(caller: ApiCaller, deps: Deps, send: (event: ServerEvent) => void): () => void;
  },
): ApiRoute<Deps> {
  const { events, subscribe, ...declared } = declaration;
  const named = Object.entries(events).map(([event, data]) => z.object({ event: z.literal(event), data }));
  const [first, ...others] = named;
  if (first === undefined) throw new Error(`${declared.path} declares no events`);
  return {
    ...declared,
    method: 'GET',
    format: 'events',
    params: NOTHING,
    query: NOTHING,
    body: undefined,
    response: z.union([first, ...others]),
    run({ caller }, deps) {
      if (caller === undefined) throw new Error('the route does not authenticate');
      const value: Subscribe = (send) =>
        subscribe(caller, deps, ({ event, data }) => send({ event, data: events[event]?.parse(data) }));
      return { value };
    },
  };
}

/** Applies the schemas of a declaration. @throws ApiProblem that names what is not valid. */
function typed<A extends Access, Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject>(
  {
    params,
    query,
    body,
  }: { readonly access: A; readonly params?: Params; readonly query?: Query; readonly body?: Body },
  raw: RawRequest,
): ApiRequest<A, z.output<Params>, z.output<Query>, z.output<Body>> {
  return {
    params: readParams(params ?? NOTHING, raw.params) as z.output<Params>,
    query: readQuery(query ?? NOTHING, raw.query) as z.output<Query>,
    body: readBody(body, raw.body) as z.output<Body>,
    // The frame has authenticated every route but those that say `none`.
    caller: raw.caller as CallerOf<A>,
    ifMatch: raw.ifMatch,
    signal: raw.signal,
  };
}

async function* checked(lines: AsyncIterable<unknown>, schema: z.ZodType): AsyncIterable<unknown> {
  for await (const line of lines) yield schema.parse(line);
}
