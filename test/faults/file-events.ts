/** What `trace-files.ts` writes down, one JSON text per line. */

/** One change to a file or a folder, or a sync. An `open` that is done is an event of its own. */
export interface FileChange {
  readonly change: 'open' | 'write' | 'truncate' | 'sync' | 'rename' | 'link' | 'unlink' | 'mkdir';
  readonly path: string;
  /** Of a write, a truncation and a sync. */
  readonly fd?: number;
  /** Of a rename and a link: the new name. */
  readonly to?: string;
  /** Of a write. */
  readonly position?: number;
  /** Of a write, in base64. */
  readonly data?: string;
  /** Of a truncation: the new size. */
  readonly bytes?: number;
}

/** Events in the order in which the program saw them. */
export type FileEvent =
  | ({ readonly event: 'begin'; readonly operation: number } & FileChange)
  | {
      readonly event: 'end';
      readonly operation: number;
      readonly done: boolean;
      /** Of a write: how many bytes it took. */
      readonly result?: number | undefined;
    }
  | {
      readonly event: 'opened';
      readonly path: string;
      readonly fd: number;
      readonly isNew: boolean;
      readonly isEmptied: boolean;
    }
  /** The program printed something: whatever it says there was promised at this moment. */
  | { readonly event: 'said'; readonly text: string };
