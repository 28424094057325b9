import type { Readable } from 'node:stream';

/**
 * Splits a stream into lines of at most `maxBytes`; `undefined` stands for a longer one, whose bytes are dropped as they
 * come. Waits for what `take` returns before it reads on. Resolves when the stream ends; what stands after the last line break is no line.
 */
export async function splitLines(
  input: Readable,
  maxBytes: number,
  take: (line: Buffer | undefined) => Promise<void> | undefined,
): Promise<void> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input as AsyncIterable<Buffer | string>) {
    let rest = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let at = rest.indexOf(0x0a); at !== -1; at = rest.indexOf(0x0a)) {
      bytes += at;
      parts.push(rest.subarray(0, at));
      const line = Buffer.concat(bytes > maxBytes ? [] : parts);
      const wait = bytes > maxBytes ? take(undefined) : line.length > 0 ? take(line) : undefined;
      if (wait !== undefined) await wait;
      parts = [];
      bytes = 0;
      rest = rest.subarray(at + 1);
    }
    bytes += rest.length;
    if (bytes <= maxBytes) parts.push(rest);
    else parts = [];
  }
}
