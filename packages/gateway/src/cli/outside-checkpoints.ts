/** Checkpoints that somebody else kept, for `audit verify --checkpoint`. */
import { readFileSync } from 'node:fs';
import { openCheckpoint, type Checkpoint } from '@sallyport/guard/audit';
import { notesIn } from '@sallyport/server/segments/notes';
import { fetchBounded } from './fetch-bounded.ts';

/** The signed notes of a file or of an address: one, or several one after the other. */
export async function readNotes(source: string): Promise<readonly string[]> {
  const text = /^https?:\/\//.test(source) ? await fetched(source) : readFileSync(source);
  const notes = [...notesIn([text])].map((note) => note.replace(/^\n+/, ''));
  if (notes.length === 0) throw new Error(`${source} has no checkpoint`);
  return notes;
}

async function fetched(url: string): Promise<Buffer> {
  const { status, body } = await fetchBounded(url);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return body;
}

/** The notes that a key signed, as checkpoints. */
export const signedBy = (notes: readonly string[], vkey: string): readonly Checkpoint[] =>
  notes.map((note) => openCheckpoint(note, vkey)).filter((checkpoint) => checkpoint !== undefined);
