/**
 * Which credentials an operation needs. They come from the operator, under the name of their security scheme; the
 * caller's own token is never one of them.
 */
import { asObject, isObject, type Json, type JsonObject } from '@sallyport/guard';
import type { AuthBinding } from './binding.ts';
import { DocumentError } from './document-error.ts';
import type { Operation } from './operations.ts';
import { objectAt } from './references.ts';

/**
 * The first alternative whose credentials are all there.
 *
 * @param given names of the schemes for which there is a credential.
 * @param isOpen whether an operation may be called without what it asks for, because the operator adds it otherwise.
 * @throws DocumentError that names the credentials that would do.
 */
export function authOf(
  root: JsonObject,
  operation: Operation,
  given: ReadonlySet<string>,
  isOpen: boolean,
): readonly AuthBinding[] {
  const written = operation.description['security'] ?? root['security'];
  const alternatives = Array.isArray(written) ? (written as readonly Json[]).filter(isObject) : [];
  if (alternatives.length === 0) return [];
  const names = alternatives.map((alternative) => Object.keys(alternative));
  const usable = names.find((schemes) => schemes.length > 0 && schemes.every((scheme) => given.has(scheme)));
  if (usable !== undefined) return usable.map((scheme) => bindingOf(root, scheme));
  if (isOpen || names.some((schemes) => schemes.length === 0)) return [];
  const wanted = names.map((schemes) => schemes.map((name) => JSON.stringify(name)).join(' and ')).join(', or ');
  throw new DocumentError(`needs credentials for ${wanted}: give them by the name of their security scheme`);
}

function bindingOf(root: JsonObject, scheme: string): AuthBinding {
  const at = ['components', 'securitySchemes', scheme];
  const described = objectAt(root, asObject(asObject(root['components'])['securitySchemes'])[scheme], at);
  const { type, in: place, name, scheme: http } = described;
  if (type === 'apiKey') {
    if ((place !== 'header' && place !== 'query' && place !== 'cookie') || typeof name !== 'string' || name === '')
      throw new DocumentError('has an API key without a place and a name', at);
    if (place !== 'query' && !/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name))
      throw new DocumentError('has an API key whose name cannot be sent', at);
    return { scheme, in: place, name, kind: 'value' };
  }
  const isBasic = type === 'http' && typeof http === 'string' && http.toLowerCase() === 'basic';
  const isBearer = type === 'oauth2' || type === 'openIdConnect' || (type === 'http' && !isBasic);
  if (type === 'http' && !isBasic && String(http).toLowerCase() !== 'bearer')
    throw new DocumentError(`uses HTTP authentication that is not supported (${JSON.stringify(http ?? '')})`, at);
  if (!isBasic && !isBearer)
    throw new DocumentError(`is a security scheme that is not supported (${JSON.stringify(type ?? '')})`, at);
  return { scheme, in: 'header', name: 'authorization', kind: isBasic ? 'basic' : 'bearer' };
}

/** Places that credentials fill, as `in:name` in lower case: a parameter there is no argument. */
export function credentialPlaces(root: JsonObject): ReadonlySet<string> {
  const schemes = Object.values(asObject(asObject(root['components'])['securitySchemes']));
  return new Set(
    schemes.flatMap((scheme) => {
      const { type, in: place, name } = asObject(scheme);
      return type === 'apiKey' && typeof name === 'string' ? [`${String(place)}:${name}`.toLowerCase()] : [];
    }),
  );
}
