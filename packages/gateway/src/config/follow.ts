/**
 * The configuration file, read again when it changes and when somebody asks (SIGHUP). A bad file keeps the old snapshot
 * and says why.
 */
import { readFileSync } from 'node:fs';
import { loadConfig, type ConfigError, type Environment } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';

export interface FollowOptions {
  readonly environment: Environment;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onErrors: (errors: readonly ConfigError[]) => void;
  readonly pollMs?: number;
}

export interface Followed {
  /** Reads the file now, whether it changed or not: a secret behind a reference may have. */
  readNow(): void;
  stop(): void;
}

const POLL_MS = 1_000;

/** Polls instead of watching: mounted files are swapped by renaming a folder, of which a watched file hears nothing. */
export function followConfig(file: string, options: FollowOptions): Followed {
  const read = (): string | undefined => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return undefined;
    }
  };
  let seen = read();
  const readNow = (): void => {
    seen = read();
    const loaded = loadConfig(file, options.environment);
    if ('errors' in loaded) options.onErrors(loaded.errors);
    else options.onSnapshot(loaded.snapshot);
  };
  const timer = setInterval(() => {
    if (read() !== seen) readNow();
  }, options.pollMs ?? POLL_MS);
  timer.unref();
  return { readNow, stop: () => clearInterval(timer) };
}
