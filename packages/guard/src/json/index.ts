export { canonicalize } from './canonical.ts';
export { requestBytes, responseBytes, type RequestParts } from './splice.ts';
export { parseStrict, type JsonLimits, type ParsedJson } from './strict.ts';
