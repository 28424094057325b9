/** What the table of foreign servers says of each. */

export type Ecosystem = 'npm' | 'PyPI' | 'Go';

export interface ForeignCall {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Found in the text of a right answer. */
  readonly answer: RegExp;
  /** The answer holds a time or a process id, so only `answer` is compared. */
  readonly varies?: boolean;
}

/** `{folder}` in `run`, `env` and arguments is a scratch folder, made anew for each run. */
export interface ForeignServer {
  readonly name: string;
  readonly ecosystem: Ecosystem;
  readonly package: string;
  readonly version: string;
  /** What is installed with it, where the package does not say which versions it works with. */
  readonly also?: readonly string[];
  /** The installed program and its arguments. */
  readonly run: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A call that does no harm, and needs neither an account nor the network. */
  readonly call?: ForeignCall;
  /** Why nothing is called. */
  readonly listOnly?: string;
}
