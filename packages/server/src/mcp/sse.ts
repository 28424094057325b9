/** Server-sent events (WHATWG HTML, section 9.2) from bytes, with a bound on what one event may hold. */
import { createByteBuffer } from '@sallyport/guard';
import { createLineSplitter } from './lines.ts';

/** One event, as the blank line after it completes it. */
export interface SseEvent {
  readonly data: Buffer;
  /** The last id that the stream gave, also when it came with an earlier event. */
  readonly id: string | undefined;
  readonly type: string;
}

/** Reads one stream from its beginning. */
export interface SseParser {
  /** Feeds bytes. Returns false once an event or a line is larger than the limit. */
  push(bytes: Buffer): boolean;
  /** The milliseconds that the server asked clients to wait before they reconnect. */
  retryMs(): number | undefined;
  lastEventId(): string | undefined;
}

/** @param contentType the header `Content-Type` of a response. */
export const isEventStream = (contentType: string | undefined): boolean =>
  /^text\/event-stream\s*(;|$)/i.test(contentType ?? '');

const LF = Buffer.from('\n');
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const DATA_LINES_MAX = 10_000;
const ID_BYTES_MAX = 1024;
const TYPE_BYTES_MAX = 100;
/** A line may hold the name of its field besides the data. */
const FIELD_NAME_BYTES_MAX = 64;

/** @param eventBytesMax bytes of the data of one event. */
export function createSseParser(eventBytesMax: number, onEvent: (event: SseEvent) => void): SseParser {
  const lines = createLineSplitter(eventBytesMax + FIELD_NAME_BYTES_MAX);
  const data = createByteBuffer();
  let dataLines = 0;
  let type = '';
  let id: string | undefined;
  let retryMs: number | undefined;
  let fits = true;
  let isFirstLine = true;

  const endEvent = (): void => {
    if (dataLines > 0) onEvent({ data: data.take(), id, type });
    dataLines = 0;
    type = '';
  };
  const readField = (line: Buffer): void => {
    if (line.length === 0) return endEvent();
    const { name, value } = fieldOf(line);
    if (name === 'data') {
      dataLines += 1;
      if (dataLines > 1) data.append(LF);
      if (data.length + value.length > eventBytesMax || dataLines > DATA_LINES_MAX) fits = false;
      else data.append(value);
    } else if (name === 'event') type = value.toString('utf8', 0, TYPE_BYTES_MAX);
    else if (name === 'id' && value.length <= ID_BYTES_MAX && !value.includes(0)) id = value.toString('utf8');
    else if (name === 'retry' && /^\d{1,8}$/.test(value.toString('latin1'))) retryMs = Number(value.toString('latin1'));
  };
  const readLine = (bytes: Buffer): void => {
    const line = isFirstLine && startsWithBom(bytes) ? bytes.subarray(BOM.length) : bytes;
    isFirstLine = false;
    // A lone CR ends a line too. JSON text never holds one, so most lines are not split again.
    if (!line.includes(CR)) return readField(line);
    for (const part of splitAtCr(line)) readField(part);
  };
  return {
    push(bytes) {
      if (!fits) return false;
      for (const line of lines.split(bytes)) {
        if (line === undefined) fits = false;
        else readLine(line);
        if (!fits) return false;
      }
      return fits;
    },
    retryMs: () => retryMs,
    lastEventId: () => id,
  };
}

/** A line that begins with a colon is a comment: its name is empty, which no field has. */
function fieldOf(line: Buffer): { readonly name: string; readonly value: Buffer } {
  const colon = line.indexOf(COLON);
  if (colon === -1) return { name: line.toString('latin1'), value: line.subarray(line.length) };
  const start = line[colon + 1] === SPACE ? colon + 2 : colon + 1;
  return { name: line.toString('latin1', 0, colon), value: line.subarray(start) };
}

const startsWithBom = (line: Buffer): boolean => line.length >= BOM.length && line.compare(BOM, 0, 3, 0, 3) === 0;

/** One part at a time: a line may consist of nothing but CR. */
function* splitAtCr(line: Buffer): Generator<Buffer, void, undefined> {
  let start = 0;
  for (let at = line.indexOf(CR); at !== -1; at = line.indexOf(CR, start)) {
    yield line.subarray(start, at);
    start = at + 1;
  }
  yield line.subarray(start);
}
