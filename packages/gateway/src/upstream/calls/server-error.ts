/** What a caller learns of the error with which a server answered: text that was inspected, and no free-form data. */
import { errorText, GuardError, isObject, type Json, type JsonObject } from '@sallyport/guard';
import { CLIENT_REQUEST_CAPABILITIES } from '@sallyport/server/mcp/client-requests';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { remoteErrorOf, type RemoteError } from '../transports/failure.ts';
import { secretsOfTransport } from '../../transport-secrets.ts';
import type { ServerCall } from './server-call.ts';

/** Codes that describe the hop between gateway and server: the caller could not do anything otherwise. */
const OF_THE_HOP: ReadonlySet<number> = new Set([
  RPC_ERROR.invalidRequest,
  RPC_ERROR.headerMismatch,
  RPC_ERROR.unsupportedVersion,
]);
const PARTS_OF_CAPABILITIES = ['form', 'url', 'tools', 'context'];
const ELICITATIONS_MAX = 8;
const URL_CHARACTERS_MAX = 2_048;

/**
 * The failure of a call as its caller gets it. Its text is shown unless `servers.<name>.errors` is `hide`, and only for
 * a call of something that was approved: a list is asked for before anything is (B13).
 *
 * @param call `undefined` when several servers were asked.
 */
export function serverError(thrown: unknown, call: ServerCall | undefined): unknown {
  const remote = remoteErrorOf(thrown);
  if (!(thrown instanceof GuardError) || remote === undefined) return thrown;
  if (thrown.code === 'missing_client_capability')
    return new GuardError(thrown.code, { cause: remote, ...requiredCapabilities(remote) });
  if (thrown.code !== 'upstream_failed' || call === undefined) return thrown;
  const { rpc } = thrown.detail;
  const isRelayed = rpc !== undefined && mayRelay(rpc.code, call);
  const data = isRelayed && isOfApproved(call) ? relayedData(rpc.code, remote, call) : {};
  const text = shownText(remote, call);
  return new GuardError('upstream_failed', {
    cause: remote,
    ...(isRelayed && { rpc: { code: rpc.code, ...data } }),
    ...(text !== '' && { message: isRelayed ? text : `The server answered with an error: ${text}` }),
  });
}

/** A server that may not ask the user must not do so by an error either. */
const mayRelay = (code: number, { settings }: ServerCall): boolean =>
  code !== RPC_ERROR.urlElicitationRequired || settings.clientRequests.elicitation;

const isOfApproved = ({ permitted }: ServerCall): boolean =>
  permitted.definition !== undefined || permitted.call.target.kind === 'task';

/** Empty when nothing is shown. */
function shownText({ code, text }: RemoteError, call: ServerCall): string {
  const { settings } = call;
  if (settings.errors === 'hide' || !isOfApproved(call) || OF_THE_HOP.has(code)) return '';
  return errorText(text, secretsOfTransport(settings.transport));
}

/** The data that a code needs in order to be understood, member by member. */
function relayedData(code: number, { data }: RemoteError, { permitted, settings }: ServerCall): { data?: Json } {
  if (code === RPC_ERROR.resourceNotFound) return { data: { uri: permitted.call.params['uri'] ?? null } };
  if (code !== RPC_ERROR.urlElicitationRequired || !isObject(data) || !Array.isArray(data['elicitations'])) return {};
  const elicitations = data['elicitations'].slice(0, ELICITATIONS_MAX).flatMap((item: unknown): JsonObject[] => {
    if (!isObject(item)) return [];
    const { url, message, elicitationId } = item;
    if (typeof url !== 'string' || url.length > URL_CHARACTERS_MAX || !/^https?:\/\//.test(url)) return [];
    if (typeof message !== 'string' || typeof elicitationId !== 'string') return [];
    const secrets = secretsOfTransport(settings.transport);
    const id = errorText(elicitationId, secrets);
    return [{ mode: 'url', url, message: errorText(message, secrets), elicitationId: id }];
  });
  return { data: { elicitations } };
}

/** Only the names that the protocol knows. */
function requiredCapabilities({ data }: RemoteError): { data?: JsonObject } {
  const required = isObject(data) ? data['requiredCapabilities'] : undefined;
  if (!isObject(required)) return {};
  const named = CLIENT_REQUEST_CAPABILITIES.flatMap((name): [string, JsonObject][] => {
    const parts = required[name];
    return isObject(parts)
      ? [[name, Object.fromEntries(PARTS_OF_CAPABILITIES.filter((part) => part in parts).map((part) => [part, {}]))]]
      : [];
  });
  return { data: { requiredCapabilities: Object.fromEntries(named) } };
}
