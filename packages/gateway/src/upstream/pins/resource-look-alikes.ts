/**
 * B12: a URI that matches a template, and that some file system or server takes for a resource which the server lists
 * by itself. Policies about that resource would not see it, so it is not found.
 */
import type { Definition } from '@sallyport/guard';

/** Whether a URI looks like one of the listed resources. */
export type LooksListed = (uri: string) => boolean;

const DECODING_ROUNDS_MAX = 3;
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/gu;

/** Keys are made when the first URI is asked for: most servers have templates or resources, not both. */
export function createLooksListed(resources: ReadonlyMap<string, Definition>): LooksListed {
  let keys: ReadonlySet<string> | undefined;
  return (uri) => {
    keys ??= new Set([...resources.keys()].map(lookAlikeKey));
    return keys.has(lookAlikeKey(uri));
  };
}

/** Decoded, without case, compatibility forms, path parameters, empty segments, and dots and spaces at an end. */
function lookAlikeKey(uri: string): string {
  const text = decodedFully(uri).normalize('NFKC').replace(UNSEEN, '').toLowerCase();
  const segments = text.replaceAll('\\', '/').split('/').map(withoutTail);
  return segments.filter((segment) => segment !== '').join('/');
}

function decodedFully(uri: string): string {
  let text = uri;
  for (let round = 0; round < DECODING_ROUNDS_MAX && text.includes('%'); round++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      return text;
    }
  }
  return text;
}

/** What stands behind a semicolon is a parameter on some servers, and `::$data` the content itself on others. */
function withoutTail(segment: string): string {
  const semicolon = segment.indexOf(';');
  const stream = segment.indexOf('::$data');
  let end = Math.min(...[semicolon, stream, segment.length].filter((at) => at >= 0));
  while (end > 0 && '. '.includes(segment[end - 1] as string)) end--;
  return segment.slice(0, end);
}
