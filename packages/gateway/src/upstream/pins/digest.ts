/**
 * The digest of a definition: every field, known or unknown, except the few that honest servers change all the time.
 */
import { isObject, jsonDigest, type DefinitionKind, type Digest, type JsonObject } from '@sallyport/guard';
import { knownServerCapabilities } from '@sallyport/server/mcp/known-capabilities';

/** The digest of the pinned part of a document. */
export function digestOf(kind: DefinitionKind, document: JsonObject): Digest {
  return jsonDigest(pinnedPart(kind, document));
}

function pinnedPart(kind: DefinitionKind, document: JsonObject): JsonObject {
  if (kind === 'resource') return withoutContentFacts(document);
  if (kind === 'server') return serverWords(document);
  return document;
}

/** Size and date of a resource describe its content, which may change while the definition stays the same. */
function withoutContentFacts(document: JsonObject): JsonObject {
  const { size: _size, annotations, ...rest } = document;
  if (!isObject(annotations)) return annotations === undefined ? rest : { ...rest, annotations };
  const { lastModified: _date, ...kept } = annotations;
  return Object.keys(kept).length === 0 ? rest : { ...rest, annotations: kept };
}

/** The words of a server about itself, and the capabilities that clients are told. Its version changes all the time. */
function serverWords({ serverInfo, instructions, capabilities }: JsonObject): JsonObject {
  const { version: _version, ...words } = isObject(serverInfo) ? serverInfo : {};
  return {
    serverInfo: words,
    capabilities: isObject(capabilities) ? knownServerCapabilities(capabilities) : {},
    ...(instructions === undefined ? {} : { instructions }),
  };
}
