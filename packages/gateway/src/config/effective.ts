/**
 * The settings in force, one by one, for people who read them: what was written, what would be the default, and where
 * it comes from. What a reference stands for is never shown, and neither is a literal that may be a secret.
 */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import { jsonSchemaOfConfig } from './schema.ts';
import { looksSecret } from './secrets.ts';

/** One setting. */
export interface EffectiveSetting {
  /** Such as `servers.crm.headers.Authorization`. */
  readonly path: string;
  /** As it is written in the file; a reference in place of a secret, `null` in place of what may be one. */
  readonly value: Json;
  readonly default: Json | undefined;
  /** `environment`: a reference to a variable. */
  readonly origin: 'file' | 'environment' | 'default';
  readonly secret: boolean;
}

/** A configuration of thousands of servers is shown in part. */
const SETTINGS_MAX = 10_000;
/** Headers and variables of servers: any of them may be a secret that nobody recognises. */
const MAY_BE_SECRET = /^servers\.[^.]+\.(headers|env)\.[^.]+$/;

let configSchema: JsonObject | undefined;

/** @param written the configuration as it was written. */
export function effectiveSettings(written: JsonObject): readonly EffectiveSetting[] {
  // Making the schema takes long, so it is made when somebody reads the settings.
  configSchema ??= jsonSchemaOfConfig() as JsonObject;
  const settings: EffectiveSetting[] = [];
  collect(configSchema, written, '', settings);
  return settings;
}

function collect(schema: JsonObject, written: Json | undefined, path: string, settings: EffectiveSetting[]): void {
  if (settings.length >= SETTINGS_MAX) return;
  const members = membersOf(schema, written);
  if (members === undefined) {
    if (path !== '') settings.push(settingOf(path, written, schema['default']));
    return;
  }
  for (const [name, member, value] of members) collect(member, value, path === '' ? name : `${path}.${name}`, settings);
}

type Member = readonly [name: string, schema: JsonObject, written: Json | undefined];

/** The settings that a value is made of; `undefined` for one that is shown as a whole. */
function membersOf(schema: JsonObject, written: Json | undefined): readonly Member[] | undefined {
  const { properties, additionalProperties: named, items } = schema;
  if (isObject(properties))
    return Object.entries(properties).map(([name, member]) => [name, asObject(member), asObject(written)[name]]);
  if (isObject(named) && isObject(written) && Object.keys(written).length > 0)
    return Object.entries(written).map(([name, value]) => [name, named, value]);
  if (isObject(items) && isObject(items['properties']) && Array.isArray(written) && written.length > 0)
    return (written as readonly Json[]).map((value, at) => [String(at), items, value]);
  return undefined;
}

function settingOf(path: string, written: Json | undefined, standard: Json | undefined): EffectiveSetting {
  if (written === undefined)
    return { path, value: standard ?? null, default: standard, origin: 'default', secret: false };
  const name = path.slice(path.lastIndexOf('.') + 1);
  const reference = referenceIn(written);
  if (reference !== undefined) {
    const origin = reference.startsWith('env:') ? 'environment' : 'file';
    return { path, value: written, default: standard, origin, secret: true };
  }
  const value = MAY_BE_SECRET.test(path) ? null : shown(name, written);
  const secret = JSON.stringify(value) !== JSON.stringify(written);
  return { path, value, default: standard, origin: 'file', secret };
}

const REFERENCE = /^(?:env|file|vault|aws|azure|gcp|k8s):\S+$/;

/** The reference to a secret that a value is. */
function referenceIn(written: Json): string | undefined {
  const { secret = written } = isObject(written) ? written : {};
  return typeof secret === 'string' && REFERENCE.test(secret) ? secret : undefined;
}

/** A value without what may be a secret in it. @param name of the member that has it. */
function shown(name: string, value: Json): Json {
  if (typeof value === 'string') return looksSecret(name, value) ? null : withoutCredentials(value);
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    // `--token abc`: the option names what follows it.
    return list.map((item, at) => shown(optionName(at === 0 ? name : list[at - 1]), item));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(key, member)]));
}

const optionName = (text: Json | undefined): string =>
  typeof text === 'string' && !text.includes('=') ? text.replace(/^-+/, '') : '';

/** URLs can have a password or a key in their query, and options a value. */
function withoutCredentials(text: string): string | null {
  const [, option, value] = /^--?([\w-]+)=(.*)$/s.exec(text) ?? [];
  if (option !== undefined && looksSecret(option, value ?? '')) return null;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.username === '' && url.password === '' && url.search === '') return text;
  [url.username, url.password, url.search] = ['', '', ''];
  return url.href;
}
