/**
 * The strict JSON parser: what it accepts has one reading only (RFC 8259 as narrowed by RFC 7493, I-JSON).
 *
 * `JSON.parse` does the parsing. One scan over the bytes adds what it lacks: depth and key limits before anything is
 * built, numbers that every parser reads alike, and duplicate keys, found by counting: a document with more members
 * than its value has keys names one of them twice.
 */
import { isUtf8 } from 'node:buffer';
import type { Json, JsonObject } from '../call.ts';
import { GuardError } from '../errors.ts';
import { isExactNumber, NUMBER_CHARACTERS_MAX } from './numbers.ts';

/**
 * What a document may cost.
 *
 * @example
 * ```ts
 * const limits: JsonLimits = { bytesMax: 1_048_576, depthMax: 64, keysMax: 10_000 };
 * ```
 */
export interface JsonLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  /** Members of all objects together. There may be as many objects and lists, or 100,000 where that is more. */
  readonly keysMax: number;
}

/** B7: an empty list takes two bytes and as much time as forty digits of a number. */
const CONTAINERS_MAX = 100_000;

/**
 * The document costs more to read than the limits allow, whether or not it has one reading.
 *
 * @example
 * ```ts
 * const isTooLarge = (thrown: unknown): boolean => thrown instanceof JsonLimitError;
 * ```
 */
export class JsonLimitError extends GuardError {}

/**
 * A value, and where its parts stand in the bytes.
 *
 * @example
 * ```ts
 * const rawParams = (bytes: Uint8Array, { span }: ParsedJson): Uint8Array =>
 *   bytes.subarray(...(span('params') ?? [0, 0]));
 * ```
 */
export interface ParsedJson {
  readonly value: Json;
  /**
   * Byte range of the value of a top-level member, or of a member of a top-level object, e.g. `params`, `arguments`.
   */
  span(key: string, inner?: string): readonly [start: number, end: number] | undefined;
}

/** Offsets of one member: its key with quotes, and its value. */
interface Member {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly start: number;
  end: number;
  /** Members of the value, when the value is an object one level down. */
  readonly inner: Member[];
}

interface Scan {
  readonly members: Member[];
  keys: number;
  /** Objects and lists. */
  containers: number;
  /** What else is wrong: limits are judged to the end first, because a tolerant reader goes on after it. */
  fault: GuardError | undefined;
  escapes: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * @param bytes UTF-8 JSON text.
 * @throws GuardError `payload_too_large` above `bytesMax`; `JsonLimitError` above another limit; `parse_error`, with a
 * byte offset where there is one, for
 * everything that is not JSON or has two readings.
 * @example
 * ```ts
 * const limits: JsonLimits = { bytesMax: 1_048_576, depthMax: 64, keysMax: 10_000 };
 * const { value } = parseStrict(Buffer.from('{"jsonrpc":"2.0"}'), limits);
 * ```
 */
export function parseStrict(bytes: Uint8Array, limits: JsonLimits): ParsedJson {
  if (bytes.length > limits.bytesMax) throw new GuardError('payload_too_large');
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const scan = scanBytes(buffer, limits);
  if (scan.fault !== undefined) throw scan.fault;
  if (!isUtf8(buffer)) throw malformed('it is not UTF-8');
  const value = parse(buffer.toString('utf8'));
  if (countKeys(value, scan.escapes) !== scan.keys) throw malformed('an object has the same key twice');
  return { value, span: (key, inner) => spanOf(buffer, scan.members, key, inner) };
}

const malformed = (why: string, offset?: number): GuardError => new GuardError('parse_error', sentence(why, offset));

const beyondLimit = (why: string, offset: number): GuardError =>
  new JsonLimitError('parse_error', sentence(why, offset));

const sentence = (why: string, offset: number | undefined): { readonly message: string } => ({
  message: `The body is not acceptable JSON: ${why}${offset === undefined ? '' : ` (byte ${offset})`}.`,
});

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The engine's message quotes the input, so it is not passed on.
    throw malformed('the syntax is wrong');
  }
}

function scanBytes(buffer: Buffer, limits: JsonLimits): Scan {
  const escapes = buffer.includes(BACKSLASH);
  const scan: Scan = { members: [], keys: 0, containers: 0, fault: undefined, escapes };
  const containersMax = Math.max(limits.keysMax, CONTAINERS_MAX);
  let depth = 0;
  for (let at = 0; at < buffer.length; at++) {
    const byte = buffer[at] as number;
    if (byte === QUOTE) {
      const end = stringEnd(buffer, at + 1, scan.escapes);
      const colon = skipSpace(buffer, end);
      if (buffer[colon] === 0x3a) {
        if (++scan.keys > limits.keysMax) throw beyondLimit(`it has more than ${limits.keysMax} keys`, at);
        if (depth <= 2)
          noteMember(scan.members, depth, {
            keyStart: at,
            keyEnd: end,
            start: skipSpace(buffer, colon + 1),
            end: 0,
            inner: [],
          });
        at = colon;
      } else at = end - 1;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > limits.depthMax) throw beyondLimit(`it is nested deeper than ${limits.depthMax}`, at);
      if (++scan.containers > containersMax)
        throw beyondLimit(`it has more than ${containersMax} objects and lists`, at);
    } else if (byte === 0x7d || byte === 0x5d) {
      closeMember(buffer, scan.members, depth--, at);
    } else if (byte === 0x2c) closeMember(buffer, scan.members, depth, at);
    else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) at = numberEnd(buffer, at, scan) - 1;
  }
  return scan;
}

/** Index after the closing quote. Short strings are scanned here, the rest of long ones by the native search. */
function stringEnd(buffer: Buffer, start: number, escapes: boolean): number {
  for (let at = start, near = Math.min(start + 48, buffer.length); at < near; at++) {
    const byte = buffer[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  for (let at = start; ;) {
    const quote = buffer.indexOf(QUOTE, at);
    if (quote === -1) throw malformed('a string does not end', start);
    if (!escapes || !isEscaped(buffer, start, quote)) return quote + 1;
    at = quote + 1;
  }
}

function isEscaped(buffer: Buffer, start: number, quote: number): boolean {
  let slashes = 0;
  while (quote - 1 - slashes >= start && buffer[quote - 1 - slashes] === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

function skipSpace(buffer: Buffer, start: number): number {
  let at = start;
  for (let byte = buffer[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = buffer[at]) at++;
  return at;
}

/** Index after the number. Up to 15 plain digits are exact in every parser; any other number is checked. */
function numberEnd(buffer: Buffer, start: number, scan: Scan): number {
  let at = start;
  let plain = true;
  for (let byte = buffer[at]; byte !== undefined; byte = buffer[++at]) {
    if (byte >= 0x30 && byte <= 0x39) continue;
    if (byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b) plain = false;
    else if (byte !== 0x2d) break;
  }
  if (at - start > NUMBER_CHARACTERS_MAX)
    scan.fault ??= malformed(`a number is longer than ${NUMBER_CHARACTERS_MAX} characters`, start);
  else if ((!plain || at - start > 15) && !isExactNumber(buffer.toString('latin1', start, at)))
    scan.fault ??= malformed('a number is not exact in IEEE 754 double precision', start);
  return at;
}

function noteMember(members: Member[], depth: number, member: Member): void {
  if (depth === 1) members.push(member);
  else if (depth === 2) {
    const parent = members.at(-1);
    // Members of an object inside a top-level array are at depth 3, so at depth 2 the open parent is an object.
    if (parent !== undefined && parent.end === 0) parent.inner.push(member);
  }
}

function closeMember(buffer: Buffer, members: Member[], depth: number, at: number): void {
  if (depth > 2) return;
  const outer = members.at(-1);
  const member = depth === 1 ? outer : outer?.inner.at(-1);
  if (member === undefined || member.end !== 0) return;
  let end = at;
  while (isSpace(buffer[end - 1])) end--;
  member.end = end;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function spanOf(
  buffer: Buffer,
  members: readonly Member[],
  key: string,
  inner: string | undefined,
): readonly [start: number, end: number] | undefined {
  const member = members.find((candidate) => isKey(buffer, candidate, key));
  if (member === undefined) return undefined;
  return inner === undefined ? ([member.start, member.end] as const) : spanOf(buffer, member.inner, inner, undefined);
}

/** A key that is written with escapes needs a parser. */
function isKey(buffer: Buffer, { keyStart, keyEnd }: Member, key: string): boolean {
  const spelled = buffer.toString('utf8', keyStart + 1, keyEnd - 1);
  return spelled === key || (spelled.includes('\\') && JSON.parse(`"${spelled}"`) === key);
}

/** Counts the keys of the value, and checks every string when the text had escapes. */
function countKeys(value: Json, escapes: boolean): number {
  if (typeof value === 'string') {
    if (escapes) checkText(value);
    return 0;
  }
  if (value === null || typeof value !== 'object') return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) keys += typeof item === 'number' ? 0 : countKeys(item, escapes);
    return keys;
  }
  const object = value as JsonObject;
  for (const key in object) {
    if (!Object.hasOwn(object, key)) continue;
    if (key === '__proto__') throw malformed('a key is __proto__');
    if (escapes) checkText(key);
    keys += 1 + countKeys(object[key] as Json, escapes);
  }
  return keys;
}

function checkText(text: string): void {
  if (!text.isWellFormed()) throw malformed('a string has a lone surrogate');
  if (text.includes('\0')) throw malformed('a string has a NUL character');
}
