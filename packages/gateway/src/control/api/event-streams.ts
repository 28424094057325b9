/**
 * Server-sent events (WHATWG HTML): bounded streams for each caller and in all, a comment as heartbeat, and an end as
 * soon as the caller may not listen any more.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log, MaybePromise } from '@sallyport/guard';
import { ApiProblem } from '../problem.ts';
import type { ApiCaller } from './access.ts';
import type { ServerEvent, Subscribe } from './route.ts';

const STREAMS_MAX = 512;
const CALLER_STREAMS_MAX = 8;
/** B7: the people of one tenant, however many they are, leave room for those of others. */
const TENANT_STREAMS_MAX = 256;
/** Proxies drop connections that are silent for half a minute. */
const HEARTBEAT_MS = 15_000;
/** How soon the end of a session or of a role ends its streams. */
const JUDGE_AGAIN_MS = 2_000;
/** A listener that does not read must not fill the memory. */
const UNREAD_BYTES_MAX = 256 * 1024;

/** One stream to open. */
export interface StreamRequest {
  readonly caller: ApiCaller;
  readonly subscribe: Subscribe;
  /** Whether the same request would be accepted now. */
  readonly mayListen: () => MaybePromise<boolean>;
}

/** The streams that are open. */
export interface EventStreams {
  /** Answers a request with events. @throws ApiProblem when there are too many streams. */
  open(request: IncomingMessage, response: ServerResponse, stream: StreamRequest): void;
  /** Ends all of them. */
  close(): void;
}

/** Counts streams of all callers together. */
export function createEventStreams(log: Log | undefined): EventStreams {
  const streams = new Map<string, Set<() => void>>();
  const ofTenants = new Map<string, number>();
  let total = 0;
  return {
    open(request, response, stream) {
      const owner = ownerOf(stream.caller);
      const own = streams.get(owner) ?? new Set();
      const { id: tenant } = stream.caller.tenant;
      const ofTenant = (): number => ofTenants.get(tenant) ?? 0;
      if (total >= STREAMS_MAX || own.size >= CALLER_STREAMS_MAX || ofTenant() >= TENANT_STREAMS_MAX)
        throw new ApiProblem('RATE_LIMITED', { detail: 'Too many event streams are open.' });
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
      if (request.method === 'HEAD') return void response.end();
      const end = run(response, stream, log, () => {
        own.delete(end);
        total -= 1;
        if (ofTenant() > 1) ofTenants.set(tenant, ofTenant() - 1);
        else ofTenants.delete(tenant);
        if (own.size === 0) streams.delete(owner);
      });
      total += 1;
      ofTenants.set(tenant, ofTenant() + 1);
      own.add(end);
      streams.set(owner, own);
    },
    close() {
      for (const own of streams.values()) for (const end of own) end();
    },
  };
}

/** @returns what ends the stream. @param ended is called once. */
function run(
  response: ServerResponse,
  { subscribe, mayListen }: StreamRequest,
  log: Log | undefined,
  ended: () => void,
): () => void {
  const write = (text: string): void => {
    response.write(text);
    if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();
  };
  write('retry: 2000\n\n');
  const unsubscribe = subscribe((event) => write(textOf(event)));
  const heartbeat = setInterval(() => write(': alive\n\n'), HEARTBEAT_MS);
  const judge = setInterval(() => {
    void (async () => mayListen())()
      .catch((cause: unknown) => {
        log?.('warn', 'an event stream ends: its caller could not be judged again', { cause: String(cause) });
        return false;
      })
      .then((may) => {
        if (!may) end();
      });
  }, JUDGE_AGAIN_MS);
  heartbeat.unref();
  judge.unref();
  let open = true;
  const end = (): void => {
    if (!open) return;
    open = false;
    clearInterval(heartbeat);
    clearInterval(judge);
    unsubscribe();
    ended();
    response.end();
  };
  response.once('close', end);
  return end;
}

/** JSON has no raw line breaks, so one `data` line is enough. */
const textOf = ({ event, data }: ServerEvent): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const ownerOf = ({ tenant, principal }: ApiCaller): string =>
  JSON.stringify([tenant.id, principal.user.issuer, principal.user.subject]);
