/** What passes between this process and the thread that interprets code. */
import type { EndedBy } from '../sandbox.ts';

/** What the thread gets when it starts. */
export interface InterpreterData {
  readonly code: string;
  /** As text. */
  readonly files: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly cpuTimeMs: number;
  readonly memoryBytes: number;
  readonly outputBytesMax: number;
}

/** What the thread sends: pieces of output, and then the end. */
export type InterpreterMessage =
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'end'; readonly endedBy: EndedBy; readonly exitCode: number | undefined };
