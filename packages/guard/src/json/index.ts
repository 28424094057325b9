/** JSON with one reading: the strict parser, the canonical form, and messages built around judged bytes. */
export { canonicalize } from './canonical.ts';
export { oneLine } from './one-line.ts';
export { parseJson } from './parse-json.ts';
export { requestBytes, responseBytes, type RequestParts } from './splice.ts';
export { JsonLimitError, parseStrict, type JsonLimits, type ParsedJson } from './strict.ts';
