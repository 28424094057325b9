/** Requests of commands to the control API of a running gateway. */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { parseJson } from '@sallyport/guard/json';
import { adminAddress, credentialToken, loadConfig } from '../config.ts';
import { listenerOrigin } from '@sallyport/server/listen/listener-origin';
import type { Snapshot } from '../snapshot.ts';
import { isAddress } from './address.ts';
import type { CommandContext, CommandOption } from './command.ts';
import { fetchBounded } from './fetch-bounded.ts';
import { savedToken } from './saved-token.ts';

/** A control API, and the credential for it. */
export interface AdminTarget {
  readonly origin: string;
  readonly token: string;
  /** What it means that the gateway does not accept the token, where it is not that of SALLYPORT_TOKEN. */
  readonly refusal?: string;
}

/** Option of every command that uses the control API. */
export const ADMIN_OPTION: CommandOption = {
  flags: '--admin-url <url>',
  summary: 'where the admin listener is (default: SALLYPORT_ADMIN_URL, or as configured)',
};

/** @throws Error with a sentence for the user when there is no credential or no valid address. */
export async function adminTargetOf(url: string | undefined, context: CommandContext): Promise<AdminTarget> {
  const origin = adminOriginOf(url, context);
  const given = credentialToken(context.environment);
  if (given !== undefined) return { origin, token: given };
  const saved = await savedToken(origin, context.environment);
  if (saved === undefined)
    throw new Error(
      `You are not signed in at ${origin}. Sign in with: sallyport login. ` +
        'Programs put an API key (sallyport keys create) into SALLYPORT_TOKEN.',
    );
  const refusal = `The gateway did not accept the sign-in at ${origin}; sign in again: sallyport login`;
  return { origin, token: saved, refusal };
}

/** The origin of the admin listener. @throws Error with a sentence for the user. */
export const adminOriginOf = (url: string | undefined, context: CommandContext): string =>
  addressOf(url ?? adminAddress(context.environment), context, ({ admin }) => listenerOrigin(admin.listen));

/**
 * The origin of an address.
 *
 * @param given by option or environment; otherwise the configuration is asked.
 * @throws Error with a sentence for the user.
 */
export function addressOf(
  given: string | undefined,
  { environment, configuration }: CommandContext,
  configured: (snapshot: Snapshot) => string,
): string {
  const address = given ?? configuredAddress();
  if (!isAddress(address)) throw new Error('--admin-url and SALLYPORT_ADMIN_URL must be http or https URLs');
  return new URL(address).origin;

  function configuredAddress(): string {
    const loaded = loadConfig(configuration.file(), environment);
    if (!('snapshot' in loaded)) throw new Error('the configuration has errors; see: sallyport check');
    return configured(loaded.snapshot);
  }
}

/** Option of commands that work on files unless they are given a running gateway. */
export const RUNNING_OPTION: CommandOption = {
  flags: '--admin-url <url>',
  summary: 'ask the gateway that runs there (default: SALLYPORT_ADMIN_URL; without either: the files)',
};

/** The running gateway that a command was given, by option or environment; `undefined` when it was given none. */
export const adminTargetIfGiven = async (
  url: string | undefined,
  context: CommandContext,
): Promise<AdminTarget | undefined> =>
  (url ?? adminAddress(context.environment)) === undefined ? undefined : adminTargetOf(url, context);

/** The usual cause: the key is good for calls only. */
const NOT_ACCEPTED =
  'The control API did not accept the credential in SALLYPORT_TOKEN. An API key needs a scope for it, such as ' +
  'control:approver (sallyport keys create --scope control:approver …), an access token a client of control.clients.';

/** @throws Error with a sentence for the user when no gateway answers. */
export async function checkRunning(origin: string): Promise<void> {
  const { status } = await fetchBounded(`${origin}/health`).catch(nothingAnswers(origin));
  if (status !== 200) throw new Error(`${origin} is not the admin listener of a gateway: its status is ${status}`);
}

const nothingAnswers =
  (origin: string) =>
  (cause: unknown): never => {
    throw new Error(`${origin}: nothing answers; is the gateway running? (sallyport start)`, { cause });
  };

/**
 * @param method `POST` with a body and `GET` without one, unless given.
 * @returns the document. @throws Error with a sentence for the user for every other answer.
 */
export async function adminRequest(
  target: AdminTarget,
  path: string,
  body?: JsonObject,
  method: 'GET' | 'POST' | 'DELETE' = body === undefined ? 'GET' : 'POST',
): Promise<JsonObject> {
  const headers = { authorization: `Bearer ${target.token}`, 'content-type': 'application/json' };
  const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const { status, body: bytes } = await fetchBounded(`${target.origin}${path}`, init).catch(
    nothingAnswers(target.origin),
  );
  if (status === 401) throw new Error(target.refusal ?? NOT_ACCEPTED);
  const document = parseJson(bytes.toString());
  if (status >= 200 && status < 300 && isObject(document)) return document;
  const detail = isObject(document) ? (document['detail'] ?? document['error']) : undefined;
  throw new Error(typeof detail === 'string' ? detail : `The gateway answered with status ${status}.`);
}

/** Every item of a list, page by page. @throws Error with a sentence for the user. */
export async function adminItems(target: AdminTarget, path: string): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let cursor: Json | undefined;
  do {
    const next = new URL(path, target.origin);
    next.searchParams.set('limit', '200');
    if (typeof cursor === 'string') next.searchParams.set('cursor', cursor);
    const page = await adminRequest(target, `${next.pathname}${next.search}`);
    const { items } = page;
    if (Array.isArray(items)) found.push(...(items as readonly Json[]).filter(isObject));
    cursor = page['next_cursor'];
  } while (typeof cursor === 'string');
  return found;
}

/** A line is a record, and those have at most 4 MiB. */
const LINE_CHARACTERS_MAX = 32 * 1024 * 1024;

/** The lines of a stream, as they come. @throws Error with a sentence for the user. */
export async function* adminLines({ origin, token, refusal }: AdminTarget, path: string): AsyncGenerator<string> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${origin}${path}`, { headers, redirect: 'error' }).catch(nothingAnswers(origin));
  if (response.status === 401) throw new Error(refusal ?? NOT_ACCEPTED);
  if (!response.ok || response.body === null) throw new Error(`The gateway answered with status ${response.status}.`);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of response.body) {
    const lines = `${rest}${decoder.decode(piece as Uint8Array, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARACTERS_MAX) throw new Error(`${origin} sent a line that is too long`);
    yield* lines;
  }
  if (rest !== '') yield rest;
}
