/** Loads configuration texts in a temporary folder. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatConfigError, loadConfigText, type Loaded } from '../../config.ts';
import type { Snapshot } from '../../snapshot.ts';

/** Text that must never appear in an error. */
export const CANARY = 'canary-9f3c1b7e5d2a4860-canary';

/** The folder that relative paths of the texts are relative to. */
export const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'));

/** Loads a text as `sallyport.yaml`. */
export function load(text: string, environment: Record<string, string> = {}): Loaded {
  return loadConfigText(text, 'sallyport.yaml', { environment, folder });
}

/** The snapshot of a text without errors. */
export function snapshotOf(text: string, environment?: Record<string, string>): Snapshot {
  const loaded = load(text, environment);
  if ('errors' in loaded) throw new Error(loaded.errors.map(formatConfigError).join('\n'));
  return loaded.snapshot;
}

/** The errors of a text, each as a line. */
export function errorsOf(text: string, environment?: Record<string, string>): string[] {
  const loaded = load(text, environment);
  return 'errors' in loaded ? loaded.errors.map(formatConfigError) : [];
}

/** The errors of a text as one text. */
export const errorOf = (text: string, environment?: Record<string, string>): string =>
  errorsOf(text, environment).join('\n');
