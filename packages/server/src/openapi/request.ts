/**
 * Arguments → a request, by structure: an argument fills the place that the document gives it and cannot leave it.
 * Host, method, names and media type come from the document and the operator alone.
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { ArgumentError } from './argument-error.ts';
import type { AuthBinding, OperationBinding, ParameterBinding } from './binding.ts';
import { encodeBody } from './encode-body.ts';
import { pathOf, pathText } from './encode-path.ts';
import {
  delimitedTexts,
  encodedPairs,
  jsonText,
  pairsOf,
  percentEncoded,
  scalarText,
  type Pair,
} from './encode-value.ts';

/**
 * A request, ready to be sent to the one host that the operator named.
 *
 * @example
 * ```ts
 * const line = ({ method, target }: RestRequest): string => `${method} ${target} HTTP/1.1`;
 * ```
 */
export interface RestRequest {
  readonly method: string;
  /** Path and query below the base path of the interface. It may hold a credential: never log it. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/**
 * A credential of the operator: a value, or a user and a password.
 *
 * @example
 * ```ts
 * const credential: RestCredential = { user: 'sallyport', password: 'a long secret' };
 * ```
 */
export type RestCredential = string | { readonly user: string; readonly password: string };

const TARGET_CHARACTERS_MAX = 16_384;
/** Visible ASCII with single spaces inside: what every server reads as the same value. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?$/;
/** RFC 6265 section 4.1.1. */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,4096}$/;

/**
 * The request of a call whose arguments were checked against the tool's schema.
 *
 * @param credentials by the name of their security scheme.
 * @throws ArgumentError for what a caller can correct, Error when a credential is missing or cannot be sent.
 * @example
 * ```ts
 * const { target } = requestOf(tool.operation, { customer_id: 'CUST-00042' }, new Map());
 * ```
 */
export function requestOf(
  operation: OperationBinding,
  input: JsonObject,
  credentials: ReadonlyMap<string, RestCredential>,
): RestRequest {
  const { method, template, body, auth } = operation;
  const queries = [...queryPairs(operation, input), ...credentialPairs(auth, credentials, 'query')];
  const path = pathOf(template, (name) => placeText(operation, name, input));
  const query = encodedPairs(queries);
  const target = query === '' ? path : `${path}?${query}`;
  if (target.length > TARGET_CHARACTERS_MAX) throw new ArgumentError('The arguments make the address too long.');
  const cookies = [
    ...cookiePairs(operation, input),
    ...credentialPairs(auth, credentials, 'cookie').map(([name, value]) => [name, requireCookie(value)] as const),
  ];
  const encoded = body === undefined ? undefined : encodeBody(body, input);
  const headers: Record<string, string> = {
    accept: acceptOf(operation),
    ...headersOf(operation, input),
    ...Object.fromEntries(
      credentialPairs(auth, credentials, 'header').map(([name, value]) => [name.toLowerCase(), value]),
    ),
    ...(cookies.length > 0 && { cookie: cookies.map(([name, value]) => `${name}=${value}`).join('; ') }),
    ...(encoded !== undefined && { 'content-type': encoded.contentType }),
  };
  return { method, target, headers, body: encoded?.bytes };
}

const MEDIA_TYPE = /^[\w.+*-]{1,100}\/[\w.+*-]{1,100}$/;
const TYPES_MAX = 8;

/** What the document describes first, because some interfaces answer nothing else; errors have other types. */
function acceptOf({ accepts }: OperationBinding): string {
  const described = accepts.filter((type) => MEDIA_TYPE.test(type)).slice(0, TYPES_MAX);
  return [...(described.length > 0 ? described : ['application/json']), '*/*;q=0.1'].join(', ');
}

const valueOf = ({ argument }: ParameterBinding, input: JsonObject): Json | undefined =>
  Object.hasOwn(input, argument) ? input[argument] : undefined;

function placeText({ parameters, fixed }: OperationBinding, name: string, input: JsonObject): string {
  const set = fixed[`path:${name}`];
  if (set !== undefined) return percentEncoded(set);
  const parameter = parameters.find((candidate) => candidate.in === 'path' && candidate.name === name);
  const value = parameter === undefined ? undefined : valueOf(parameter, input);
  if (parameter === undefined || value === undefined || value === null)
    throw new ArgumentError('An argument of the path is missing.');
  return pathText(parameter, value);
}

function queryPairs(operation: OperationBinding, input: JsonObject): readonly Pair[] {
  const reserved = reservedNames(operation, 'query');
  const given = operation.parameters.flatMap((parameter): readonly Pair[] => {
    const value = parameter.in === 'query' ? valueOf(parameter, input) : undefined;
    if (value === undefined || value === null) return [];
    const { name, style, explode, argument } = parameter;
    return pairsOf(name, value, style, explode, argument, reserved);
  });
  return [...given, ...fixedIn(operation.fixed, 'query')];
}

/** Names that a key of an object must not become: those of other parameters, fixed values and credentials. */
const reservedNames = ({ parameters, fixed, auth }: OperationBinding, place: 'query' | 'cookie'): ReadonlySet<string> =>
  new Set(
    [...parameters, ...auth]
      .filter((binding) => binding.in === place)
      .map(({ name }) => lower(name))
      .concat(fixedIn(fixed, place).map(([name]) => lower(name))),
  );

const lower = (text: string): string => text.toLowerCase();

const fixedIn = (fixed: OperationBinding['fixed'], place: string): readonly Pair[] =>
  Object.entries(fixed)
    .filter(([key]) => key.startsWith(`${place}:`))
    .map(([key, value]) => [key.slice(place.length + 1), value]);

function headersOf({ parameters, fixed }: OperationBinding, input: JsonObject): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const parameter of parameters) {
    const value = parameter.in === 'header' ? valueOf(parameter, input) : undefined;
    if (value === undefined || value === null) continue;
    const text = headerText(parameter, value);
    if (!HEADER_VALUE.test(text))
      throw new ArgumentError(`The argument ${parameter.argument} holds what a header cannot: use visible ASCII.`);
    headers[lower(parameter.name)] = text;
  }
  for (const [name, value] of fixedIn(fixed, 'header')) headers[lower(name)] = value;
  return headers;
}

function headerText({ style, explode, argument }: ParameterBinding, value: Json): string {
  if (style === 'json') return jsonText(value, argument);
  if (!Array.isArray(value) && !isObject(value)) return scalarText(value, argument);
  const texts = delimitedTexts(value, argument, /[,=\s]/);
  if (Array.isArray(value) || !explode) return texts.join(',');
  return texts.map((text, at) => (at % 2 === 0 ? `${text}=` : text + (at + 1 < texts.length ? ',' : ''))).join('');
}

function cookiePairs(operation: OperationBinding, input: JsonObject): readonly Pair[] {
  const reserved = reservedNames(operation, 'cookie');
  return operation.parameters.flatMap((parameter): readonly Pair[] => {
    const value = parameter.in === 'cookie' ? valueOf(parameter, input) : undefined;
    if (value === undefined || value === null) return [];
    const { name, style, explode, argument } = parameter;
    const pairs = pairsOf(name, value, style === 'cookie' ? 'form' : style, explode, argument, reserved);
    const named = pairs.map(([key, text]) => [key === name ? key : percentEncoded(key), text] as const);
    if (style !== 'cookie') return named.map(([key, text]) => [key, percentEncoded(text)]);
    if (named.every(([, text]) => COOKIE_VALUE.test(text))) return named;
    throw new ArgumentError(`The argument ${argument} holds what a cookie cannot.`);
  });
}

function requireCookie(value: string): string {
  if (COOKIE_VALUE.test(value)) return value;
  throw new Error('a credential cannot be sent as a cookie');
}

function credentialPairs(
  auth: readonly AuthBinding[],
  credentials: ReadonlyMap<string, RestCredential>,
  place: AuthBinding['in'],
): readonly Pair[] {
  return auth
    .filter((binding) => binding.in === place)
    .map((binding) => {
      const credential = credentials.get(binding.scheme);
      if (credential === undefined) throw new Error(`there is no credential for ${binding.scheme}`);
      const text = credentialText(binding, credential);
      if (!/^[\x20-\x7e]+$/.test(text)) throw new Error(`the credential for ${binding.scheme} cannot be sent`);
      return [binding.name, text] as const;
    });
}

function credentialText({ kind, scheme }: AuthBinding, credential: RestCredential): string {
  if (kind === 'basic') {
    if (typeof credential === 'string') throw new Error(`the credential for ${scheme} must be a user and a password`);
    return `Basic ${Buffer.from(`${credential.user}:${credential.password}`).toString('base64')}`;
  }
  if (typeof credential !== 'string') throw new Error(`the credential for ${scheme} must be one value`);
  return kind === 'bearer' ? `Bearer ${credential}` : credential;
}
