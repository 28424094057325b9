/** Server-sent events (WHATWG HTML, 9.2) from bytes, with a bound on what one event may hold. */
import { createLineSplitter } from '../../../mcp/lines.ts';

export interface SseEvent {
  readonly data: Buffer;
  readonly id: string | undefined;
  readonly type: string;
}

export interface SseFramer {
  /** False once an event or a line was larger than the limit. */
  push(chunk: Buffer): boolean;
  /** Milliseconds that the server asked for before a reconnection. */
  retryMs(): number | undefined;
  lastEventId(): string | undefined;
}

const LF = Buffer.from('\n');

export function createSseFramer(maxBytes: number, emit: (event: SseEvent) => void): SseFramer {
  let data: Buffer[] = [];
  let size = 0;
  let type = '';
  let id: string | undefined;
  let retry: number | undefined;
  let fits = true;
  const dispatch = (): void => {
    if (data.length > 0)
      emit({
        data:
          data.length === 1
            ? (data[0] as Buffer)
            : Buffer.concat(data.flatMap((part, at) => (at === 0 ? [part] : [LF, part]))),
        id,
        type,
      });
    [data, size, type] = [[], 0, ''];
  };
  const field = (line: Buffer): void => {
    if (line.length === 0) return dispatch();
    const colon = line.indexOf(0x3a);
    if (colon === 0) return;
    const name = line.toString('latin1', 0, colon === -1 ? line.length : colon);
    const value =
      colon === -1 ? line.subarray(line.length) : line.subarray(line[colon + 1] === 0x20 ? colon + 2 : colon + 1);
    if (name === 'data') {
      size += value.length;
      if (size > maxBytes || data.length > 10_000) fits = false;
      else data.push(value);
    } else if (name === 'event') type = value.toString('utf8', 0, 100);
    else if (name === 'id') id = value.length > 1024 || value.includes(0) ? id : value.toString('utf8');
    else if (name === 'retry' && /^\d{1,8}$/.test(value.toString('latin1'))) retry = Number(value.toString('latin1'));
  };
  let first = true;
  const splitter = createLineSplitter(maxBytes + 64, (line) => {
    const text = first && line.length >= 3 && line.compare(BOM, 0, 3, 0, 3) === 0 ? line.subarray(3) : line;
    first = false;
    // A lone CR ends a line too; JSON text never holds one, so the common line is not searched twice for nothing.
    if (!text.includes(0x0d)) return field(text);
    for (const part of splitAtCr(text)) field(part);
  });
  return { push: (chunk) => splitter.push(chunk) && fits, retryMs: () => retry, lastEventId: () => id };
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

function splitAtCr(line: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let at = line.indexOf(0x0d); at !== -1; at = line.indexOf(0x0d, start)) {
    parts.push(line.subarray(start, at));
    start = at + 1;
  }
  return [...parts, line.subarray(start)];
}
