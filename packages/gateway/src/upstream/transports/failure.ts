/** Failures of servers and transports as GuardErrors. Text from a server is cleaned before it goes anywhere. */
import { GuardError, type Json } from '@sallyport/guard';
import { isApplicationCode, RPC_ERROR } from '@sallyport/server/mcp/error-codes';

/** A JSON-RPC error as the server sent it. Travels as `cause`, for the log and for era negotiation. */
export interface RemoteError {
  readonly source: 'server';
  readonly code: number;
  /** Cleaned, for the log. */
  readonly message: string;
  /** As the server wrote it, cut off. Nobody may see it before it was inspected. */
  readonly text: string;
  readonly data: Json | undefined;
}

/** A failure between gateway and server. Travels as `cause`, for the log, for repetition and for era negotiation. */
export interface TransportError {
  readonly source: 'transport';
  /** In words of the gateway: nothing that the server sent is in it. */
  readonly reason: string;
  /** The last lines that a child process wrote to standard error: cleaned, without its secrets. For operators only. */
  readonly stderr: string | undefined;
  /** True when nothing of the request left the gateway, so that it may be sent over a new connection (L10). */
  readonly unsent: boolean;
  /** Of the HTTP response. */
  readonly status: number | undefined;
  readonly cause: unknown;
}

/** What is known of a failure besides its reason. */
export interface TransportErrorDetail {
  readonly unsent?: boolean;
  readonly status?: number;
  readonly stderr?: string | undefined;
  readonly cause?: unknown;
}

/** Codes that mean the same to the caller. The other reserved ones describe the hop between gateway and server. */
const RELAYED: ReadonlySet<number> = new Set([
  RPC_ERROR.invalidParams,
  RPC_ERROR.resourceNotFound,
  RPC_ERROR.methodNotFound,
  RPC_ERROR.urlElicitationRequired,
]);

const TEXT_CHARACTERS_MAX = 4_000;

/** First line, at most 500 characters, without control, bidirectional and zero-width characters. */
export function cleanLine(text: string): string {
  const firstLine = text.slice(0, 2000).split(/[\r\n\u2028\u2029]/, 1)[0] ?? '';
  return firstLine.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '').slice(0, 500);
}

/** A JSON-RPC error of a server. Nothing that the server wrote is in it but the code; `cause` has the rest. */
export function rpcFailure(code: number, message: string, data: Json | undefined): GuardError {
  const text = message.slice(0, TEXT_CHARACTERS_MAX);
  const cause: RemoteError = { source: 'server', code, message: cleanLine(message), text, data };
  if (code === RPC_ERROR.missingClientCapability) return new GuardError('missing_client_capability', { cause });
  const isRelayed = RELAYED.has(code) || isApplicationCode(code);
  return new GuardError('upstream_failed', { cause, ...(isRelayed && { rpc: { code } }) });
}

/** B13: the same failure without a word of the server, which was not asked for anything that was approved. */
export function withoutServerWords(thrown: unknown): unknown {
  const remote = remoteErrorOf(thrown);
  if (remote === undefined || remote.code === RPC_ERROR.missingClientCapability) return thrown;
  return transportFailure(`the server answered with error ${remote.code}`, { cause: thrown });
}

/** @param reason in words of the gateway: never anything that the server sent. */
export function transportFailure(reason: string, detail: TransportErrorDetail = {}): GuardError {
  return new GuardError('upstream_failed', { cause: transportError(reason, detail) });
}

/** Of a server that did not answer in time. @param reason as in `transportFailure`. */
export function timeoutFailure(reason: string, detail: TransportErrorDetail = {}): GuardError {
  return new GuardError('upstream_timeout', { cause: transportError(reason, detail) });
}

function transportError(reason: string, detail: TransportErrorDetail): TransportError {
  const { unsent = false, status, stderr, cause } = detail;
  return { source: 'transport', reason, unsent, status, stderr, cause };
}

/** Throws the same failure, of a call that was sent in part: nothing of it may be sent again (L10). */
export function throwAsSent(thrown: unknown): never {
  const error = transportErrorOf(thrown);
  if (!(thrown instanceof GuardError) || error === undefined) throw thrown;
  throw new GuardError(thrown.code, { ...thrown.detail, cause: { ...error, unsent: false } });
}

/** The failure for a result above the limit. */
export const tooLarge = (): GuardError =>
  new GuardError('output_blocked', { message: 'The result is larger than the limit. The call was executed.' });

/** @returns the JSON-RPC error with which the server answered; `undefined` for any other failure. */
export function remoteErrorOf(thrown: unknown): RemoteError | undefined {
  const cause = causeOf(thrown);
  return cause?.source === 'server' ? cause : undefined;
}

/** @returns what the transport knows of its failure; `undefined` for any other failure. */
export function transportErrorOf(thrown: unknown): TransportError | undefined {
  const cause = causeOf(thrown);
  return cause?.source === 'transport' ? cause : undefined;
}

function causeOf(thrown: unknown): RemoteError | TransportError | undefined {
  const cause = thrown instanceof GuardError ? thrown.detail.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'source' in cause
    ? (cause as RemoteError | TransportError)
    : undefined;
}

/**
 * One line for operators who ask whether a server is reachable. Of what the server sent, only the standard
 * error of a child process is in it.
 */
export function readinessReasonOf(thrown: unknown): string {
  const error = transportErrorOf(thrown);
  if (error !== undefined) {
    const reason = error.status === undefined ? error.reason : `${error.reason} (${error.status})`;
    return error.stderr === undefined ? reason : `${reason}; standard error: ${error.stderr}`;
  }
  const remote = remoteErrorOf(thrown);
  if (remote !== undefined) return `the server answered with error ${remote.code}${meaningOf(remote)}`;
  return thrown instanceof GuardError ? thrown.message : 'internal error';
}

/** Of `initialize`: the gateway asks for other revisions by itself, unless the configuration forbids it. */
const meaningOf = ({ code }: RemoteError): string =>
  code === RPC_ERROR.unsupportedVersion ? ': it speaks another era than its setting `era` demands' : '';

/** The same for the operator's log, with the cleaned message of the server. */
export function reasonOf(thrown: unknown): string {
  const remote = remoteErrorOf(thrown) ?? remoteErrorOf(transportErrorOf(thrown)?.cause);
  return remote === undefined ? readinessReasonOf(thrown) : `${readinessReasonOf(thrown)}: ${remote.message}`;
}
