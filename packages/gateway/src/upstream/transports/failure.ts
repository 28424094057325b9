/** How what a server or its transport did wrong becomes a GuardError. What a server said is cleaned before it goes anywhere. */
import { GuardError, type Json } from '@sallyport/guard';

/** A JSON-RPC error as the server sent it; travels as `cause`, for the log and for era negotiation. */
export interface RemoteError {
  readonly remote: true;
  readonly code: number;
  readonly message: string;
  readonly data: Json | undefined;
}

/** Codes that mean the same on the caller's hop; the others describe the hop between gateway and server. */
const RELAYED: ReadonlySet<number> = new Set([-32602, -32002, -32601, -32042]);

/** Application codes lie outside the range that JSON-RPC reserves. */
const isApplication = (code: number): boolean => Number.isSafeInteger(code) && (code < -32768 || code > -32000);

/** First line, at most 500 characters, without control, bidirectional and zero-width characters. */
export function cleanLine(text: string): string {
  const first = text.slice(0, 2000).split(/[\r\n\u2028\u2029]/, 1)[0] ?? '';
  return first.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '').slice(0, 500);
}

export function rpcFailure(code: number, message: string, data: Json | undefined): GuardError {
  const cause: RemoteError = { remote: true, code, message: cleanLine(message), data };
  if (code === -32021) {
    const required =
      data !== null && typeof data === 'object' && 'requiredCapabilities' in data
        ? data['requiredCapabilities']
        : undefined;
    return new GuardError('missing_client_capability', {
      cause,
      ...(required === undefined ? {} : { data: { requiredCapabilities: required } }),
    });
  }
  if (!RELAYED.has(code) && !isApplication(code)) return new GuardError('upstream_failed', { cause });
  const text = cleanLine(message);
  return new GuardError('upstream_failed', {
    cause,
    rpc: { code, ...(data === undefined ? {} : { data }) },
    ...(text === '' ? {} : { message: text }),
  });
}

/** The JSON-RPC code with which the server answered, when it was the server that failed the request. */
export function remoteErrorOf(thrown: unknown): RemoteError | undefined {
  const cause = thrown instanceof GuardError ? thrown.detail.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'remote' in cause ? (cause as RemoteError) : undefined;
}

/** What a transport knows of its failure; travels as `cause`, for the log, for repetition and for era negotiation. */
export interface TransportError {
  readonly hop: true;
  readonly reason: string;
  /** True when the server cannot have executed the request, so that it may be sent again over a new link. */
  readonly unexecuted: boolean;
  readonly status: number | undefined;
  readonly cause: unknown;
}

export interface TransportErrorDetail {
  readonly unexecuted?: boolean;
  readonly status?: number;
  readonly cause?: unknown;
}

/** What went wrong between the gateway and the server. `why` is ours and never holds what the server said. */
export function transportFailure(why: string, detail: TransportErrorDetail = {}): GuardError {
  const cause: TransportError = {
    hop: true,
    reason: why,
    unexecuted: detail.unexecuted ?? false,
    status: detail.status,
    cause: detail.cause,
  };
  return new GuardError('upstream_failed', { cause });
}

export function transportErrorOf(thrown: unknown): TransportError | undefined {
  const cause = thrown instanceof GuardError ? thrown.detail.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'hop' in cause ? (cause as TransportError) : undefined;
}

export const tooLarge = (): GuardError =>
  new GuardError('output_blocked', { message: 'The result is larger than the limit. The call was executed.' });

/** One line for whoever may ask whether a server is reachable: nothing that the server said is in it. */
export function publicReasonOf(thrown: unknown): string {
  const hop = transportErrorOf(thrown);
  if (hop !== undefined) return hop.status === undefined ? hop.reason : `${hop.reason} (${hop.status})`;
  const remote = remoteErrorOf(thrown);
  if (remote !== undefined) return `the server answered with error ${remote.code}`;
  return thrown instanceof GuardError ? thrown.message : 'internal error';
}

/** The same for the operator's log, with the cleaned message of the server. */
export function reasonOf(thrown: unknown): string {
  const remote = remoteErrorOf(thrown);
  return remote === undefined ? publicReasonOf(thrown) : `${publicReasonOf(thrown)}: ${remote.message}`;
}
