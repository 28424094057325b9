/** Checkpoints that somebody else kept, for `audit verify --checkpoint`. */
import { readFileSync } from 'node:fs';
import { openCheckpoint, type Checkpoint } from '@sallyport/guard/audit';
import { notesIn } from '../adapters/segments/notes.ts';

/** The signed notes of a file or of an address: one, or several one after the other. */
export async function readNotes(source: string): Promise<readonly string[]> {
  const text = /^https?:\/\//.test(source) ? await fetched(source) : readFileSync(source);
  const notes = [...notesIn([text])].map((note) => note.replace(/^\n+/, ''));
  if (notes.length === 0) throw new Error(`${source} has no checkpoint`);
  return notes;
}

const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

async function fetched(url: string): Promise<Buffer> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body) {
    bytes += piece.length;
    if (bytes > RESPONSE_BYTES_MAX) throw new Error(`${url} answered more than ${RESPONSE_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The notes that a key signed, as checkpoints. */
export const signedBy = (notes: readonly string[], vkey: string): readonly Checkpoint[] =>
  notes.map((note) => openCheckpoint(note, vkey)).filter((checkpoint) => checkpoint !== undefined);
