/** What a confined program may see and use, whatever confines it. */
import type { ExceededLimit } from './limits/watch-tree.ts';

/** A program and its arguments. No shell reads them. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute; `/tmp` when absent. */
  readonly cwd?: string;
}

/** What a confined program may see and use. */
export interface Confinement {
  /** Absolute paths of the host that it may read. */
  readonly readOnly: readonly string[];
  /** Absolute paths of the host that it may change. */
  readonly writable: readonly string[];
  /** Places inside that show something else of the host, read-only. */
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
  /** Of everything that it starts, together. */
  readonly memoryBytes: number;
  /** Processes and threads. */
  readonly processes: number;
  /** Processors, such as 0.5. Needs a control group. */
  readonly cpus?: number;
  /** Of `/tmp`, which is empty at the start and gone at the end. */
  readonly scratchBytes: number;
  readonly openFiles: number;
  /** Processor time of everything together; `undefined` = no limit. */
  readonly cpuTimeMs?: number;
  /**
   * Whether it runs as the user of this process, which declared files may need, or as a user that owns nothing. The
   * second needs root.
   */
  readonly user: 'own' | 'unprivileged';
}

/** How a confined program is started. */
export interface ConfinedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Whether a control group limits it. */
  readonly hasGroup: boolean;
  /** Whether it writes to the status descriptor which process is the first one inside. */
  readonly reportsStatus: boolean;
  /** Begins to watch what the kernel does not limit. Called once, with the id of the started process. */
  started(pid: number, onExceeded: (limit: ExceededLimit) => void): void;
  /** The limit that the kernel has ended something for. */
  exceeded(): ExceededLimit | undefined;
  /** Called when the process is gone. @returns the limit that the kernel ended it for. */
  close(exitCode?: number | null): Promise<ExceededLimit | undefined>;
}

/** What enforces a limit: the kernel exactly, or this process by looking several times a second. */
export type Enforcement = 'control group' | 'resource limit' | 'watched' | 'container' | 'interpreter';

/** How the limits of a sandbox are enforced. */
export interface Enforcements {
  readonly memory: Enforcement;
  readonly processes: Enforcement;
}

/** Thrown where no sandbox can be used: the message says what is missing and what to do. */
export class SandboxUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SandboxUnavailable';
  }
}
