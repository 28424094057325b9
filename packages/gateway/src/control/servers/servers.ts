/** What the endpoints about servers work with. */
import type { Definition, MaybePromise } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';

/** Whether a server can be reached. */
export interface ServerState {
  /** `unknown` in a process that serves no calls. */
  readonly status: 'ready' | 'starting' | 'failed' | 'unknown';
  /** Since when it is so. */
  readonly sinceMs: number;
  /** A sentence without secrets. */
  readonly error: string | undefined;
}

/** The configured servers. */
export interface Servers {
  settings(): readonly ServerSettings[];
  state(server: string): ServerState;
  /** What is approved of a server, and may be served. */
  definitions(server: string): readonly Definition[];
  /** Open sessions; a stdio server has one child process for each. */
  sessions(server: string): number;
}

/** What health depends on besides servers. */
export interface Issuers {
  /** By issuer: what is wrong with it; `undefined` when nothing is. */
  states(): MaybePromise<Readonly<Record<string, string | undefined>>>;
}
