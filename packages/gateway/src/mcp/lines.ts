/** Splits a byte stream into lines at LF (a CR before it is dropped), never keeping more than one line's limit in memory. */
export interface LineSplitter {
  /** Feeds bytes. Calls `line` for each complete line; returns false once a line was longer than the limit. */
  push(chunk: Buffer): boolean;
}

export function createLineSplitter(maxBytes: number, line: (bytes: Buffer) => void): LineSplitter {
  let parts: Buffer[] = [];
  let held = 0;
  let broken = false;
  return {
    push(chunk) {
      let start = 0;
      while (!broken) {
        const end = chunk.indexOf(0x0a, start);
        const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
        if (held + piece.length > maxBytes) {
          broken = true;
          parts = [];
          break;
        }
        if (end === -1) {
          if (piece.length > 0) parts.push(piece);
          held += piece.length;
          break;
        }
        const whole = parts.length === 0 ? piece : Buffer.concat([...parts, piece]);
        parts = [];
        held = 0;
        start = end + 1;
        line(whole.at(-1) === 0x0d ? whole.subarray(0, -1) : whole);
      }
      return !broken;
    },
  };
}
