/** What a command may touch: two streams, an exit code and the folders of a configuration. */
import type { Snapshot } from '../snapshot.ts';

/** The part of a configuration that commands on its folders need. */
export interface Folders {
  /** Data folder: keys and pins, unless a database has them. */
  readonly data: string;
  readonly database?: Snapshot['database'];
  /** Audit folder. */
  readonly audit: string;
  readonly tenants: readonly string[];
  /** Names of the rate limit tiers. */
  readonly tiers: readonly string[];
  /** Names of the configured servers. */
  readonly servers: readonly string[];
}

/** Streams and exit code of a command. Tests collect them in strings. */
export interface CliIo {
  /** Writes text as it is; add your own line break. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether standard error is a terminal: only there progress is shown. */
  readonly isTerminal?: boolean;
  /** Sets the exit code (`EXIT_CODES`); the process ends when nothing is left to do. */
  readonly exit: (code: number) => void;
  /** The folders of the configuration in use (`--config`, `SALLYPORT_CONFIG`, or the nearest `sallyport.yaml`). */
  readonly loadFolders: () => Promise<Folders>;
}

/** Prints what `--json` asks for: one line, or indented by two spaces for output that people read as well. */
export function printJson(io: Pick<CliIo, 'stdout'>, value: unknown, layout: 'line' | 'indented' = 'line'): void {
  io.stdout(`${layout === 'line' ? JSON.stringify(value) : JSON.stringify(value, null, 2)}\n`);
}
