/** What of a definition is pinned: every field, known or unknown, but for the few that honest servers change all the time. */
import { isObject, jsonDigest, type DefinitionKind, type Digest, type JsonObject } from '@sallyport/guard';

/** `sha256:` and 64 hex digits over the RFC 8785 form of what is pinned. */
export function digestOf(kind: DefinitionKind, document: JsonObject): Digest {
  return jsonDigest(pinnedPart(kind, document));
}

function pinnedPart(kind: DefinitionKind, document: JsonObject): JsonObject {
  if (kind === 'resource') return withoutContentFacts(document);
  if (kind === 'server') return serverWords(document);
  return document;
}

/** The size and the date of a resource describe its content, which may change without its meaning. */
function withoutContentFacts(document: JsonObject): JsonObject {
  const { size: _size, annotations, ...rest } = document;
  if (!isObject(annotations)) return annotations === undefined ? rest : { ...rest, annotations };
  const { lastModified: _date, ...kept } = annotations;
  return Object.keys(kept).length === 0 ? rest : { ...rest, annotations: kept };
}

/** What a server says about itself in words; its version and its capabilities change with every upgrade. */
function serverWords({ serverInfo, instructions }: JsonObject): JsonObject {
  const { version: _version, ...words } = isObject(serverInfo) ? serverInfo : {};
  return { serverInfo: words, ...(instructions === undefined ? {} : { instructions }) };
}
