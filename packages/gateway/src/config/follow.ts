/**
 * Reads the configuration file again when it changes, and on request (SIGHUP). A file with errors keeps the old
 * snapshot and reports why.
 */
import { readFileSync, statSync } from 'node:fs';
import { loadConfig, type ConfigError, type Environment } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';

/** What happens with a file that was read again. */
export interface FollowOptions {
  readonly environment: Environment;
  /** What the settings in force were read from; absent = what the file says now. */
  readonly loadedText?: string | undefined;
  /** What the settings in force were read from besides: OpenAPI documents (`documentsOf`). */
  readonly documents?: readonly string[];
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onErrors: (errors: readonly ConfigError[]) => void;
  readonly pollMs?: number;
}

/** Follows a file until it is stopped. */
export interface ConfigFollower {
  /** Reads the file now, whether it changed or not: a secret behind a reference may have. */
  readNow(): void;
  stop(): void;
}

/** How often the file is read again, unless the caller says so. */
export const CONFIG_POLL_MS = 1_000;

/**
 * A file that is being written is empty for a moment. The defaults that an empty file means have no tenant and no
 * server.
 */
const emptyFile = (file: string): ConfigError => ({
  file,
  line: 1,
  column: 1,
  message: 'the file is empty; to use the defaults, restart without a configuration',
});

/** The OpenAPI documents of the configured servers. */
export const documentsOf = ({ servers }: Snapshot): readonly string[] =>
  servers.flatMap(({ transport }) => (transport.kind === 'openapi' ? [transport.file] : []));

/** Another text when one of the files was written or replaced. They may be large, so they are not read. */
const stampOf = (files: readonly string[]): string =>
  files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? '-' : `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
    })
    .join('\n');

/** @returns `undefined` when it cannot be read. */
export function readConfigText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Polls instead of watching: mounted files are replaced by renaming a folder, which a watch on the file does not
 * report.
 */
export function followConfig(file: string, options: FollowOptions): ConfigFollower {
  const read = (): string | undefined => readConfigText(file);
  let lastRead = options.loadedText ?? read();
  let documents = options.documents ?? [];
  let lastStamp = stampOf(documents);
  const readNow = (): void => {
    lastRead = read();
    lastStamp = stampOf(documents);
    if (lastRead?.trim() === '') return options.onErrors([emptyFile(file)]);
    const loaded = loadConfig(file, options.environment);
    if ('errors' in loaded) options.onErrors(loaded.errors);
    else {
      documents = documentsOf(loaded.snapshot);
      lastStamp = stampOf(documents);
      options.onSnapshot(loaded.snapshot);
    }
  };
  const timer = setInterval(() => {
    if (read() !== lastRead || stampOf(documents) !== lastStamp) readNow();
  }, options.pollMs ?? CONFIG_POLL_MS);
  timer.unref();
  return { readNow, stop: () => clearInterval(timer) };
}
