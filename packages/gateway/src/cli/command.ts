/** What a command is: one declaration that the program, the reference page and the shell completion all read. */
import type { Environment } from '../config.ts';
import type { ProbedServer } from '../probe-server.ts';
import type { Snapshot } from '../snapshot.ts';
import type { PendingPin } from '@sallyport/guard';
import type { PolicyVerdict } from './check-policies.ts';
import type { Configuration } from './configuration.ts';
import type { CliIo } from './io.ts';
import type { Prompts } from './prompts.ts';

/** What an exit code means, for every command. */
export const EXIT_CODES: Readonly<Record<0 | 1 | 2, string>> = {
  0: 'done',
  1: 'found something or refused',
  2: 'wrong usage',
};

/** A positional argument. */
export interface CommandArgument {
  /** Shown in the usage as `<name>`, or as `[name]` when it may be left out. */
  readonly name: string;
  readonly optional?: boolean;
  /** All that follows belongs to it; its value is a list. */
  readonly variadic?: boolean;
  readonly summary?: string;
  /** @throws InvalidArgumentError of commander with a sentence for the user. */
  readonly parse?: (text: string) => unknown;
}

/** An option, such as `--tenant <id>`. Without a value in `flags` it is a switch. */
export interface CommandOption {
  readonly flags: string;
  readonly summary: string;
  readonly required?: boolean;
  /** The only values that are accepted. */
  readonly choices?: readonly string[];
  /** The option may be given several times, and its values are collected into a list. */
  readonly repeatable?: boolean;
  readonly default?: unknown;
  /** @throws InvalidArgumentError of commander with a sentence for the user. */
  readonly parse?: (text: string) => unknown;
}

/** One command. `Arguments` and `Options` are what the program parsed from its declaration. */
export interface CommandDefinition<
  Arguments extends readonly unknown[] = readonly unknown[],
  Options extends object = object,
> {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly CommandArgument[];
  readonly options: readonly CommandOption[];
  /** One or more lines of a shell. */
  readonly example: string;
  /** Where the example belongs when it is not a line of a shell. */
  readonly exampleContext?: string;
  /** What the exit code says about this command in particular, in a sentence. */
  readonly exitCodes?: string;
  /** @throws Error with a sentence for the user; the exit code is then 1. */
  run(given: Arguments, options: Options, context: CommandContext): void | Promise<void>;
}

/** Commands under a common first word, such as `keys create` and `keys list`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly example: string;
  readonly commands: readonly CommandDefinition[];
}

/** What the list of commands holds. */
export type CommandEntry = CommandDefinition | CommandGroup;

/** Which listeners a process opens. */
export type Role = 'gateway' | 'admin' | 'all';

/** A gateway that `start` started. */
export interface StartedGateway {
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  close(): Promise<void>;
  /** Puts a new snapshot in force. Without it a changed file takes effect at the next start. */
  readonly reload?: (snapshot: Snapshot) => void | Promise<void>;
  /** Receives the reasons why a changed file is not put in force. */
  readonly rejected?: (errors: readonly string[]) => void;
}

/** The part of `process` that ends and reloads a gateway. */
export interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
}

/** The work that commands hand to the rest of the program; `main.ts` connects it. */
export interface CommandPorts {
  /** @throws Error with a sentence for the operator. */
  readonly start: (
    snapshot: Snapshot,
    role: Role,
    stop: AbortSignal,
    /** Called when the listeners are open, before any server was reached. */
    listening: (opened: Pick<StartedGateway, 'gatewayUrl' | 'adminUrl'>) => void,
  ) => Promise<StartedGateway>;
  /** Starts the demo, which brings its own configuration. */
  readonly demo: (io: CliIo) => Promise<Pick<StartedGateway, 'close'>>;
  /** Serves standard input and output until the input ends. `server` is `undefined` for all servers. */
  readonly stdio: (snapshot: Snapshot, server: string | undefined, token: string, stop: AbortSignal) => Promise<void>;
  readonly signals: Signals;
  readonly pause: (ms: number) => Promise<void>;
  /** @returns whether there is a browser to open the address in. */
  readonly openBrowser: (url: string) => Promise<boolean>;
  /** Parses the policies and checks them against the pinned definitions. Never throws for the text of a policy. */
  readonly checkPolicies: (snapshot: Snapshot) => Promise<PolicyVerdict>;
  /**
   * By server: why it cannot be reached.
   *
   * @param how `start` starts or connects to each of them, `ask` asks a gateway that runs with this configuration.
   */
  readonly serverFailures: (snapshot: Snapshot, how: 'start' | 'ask') => Promise<Readonly<Record<string, string>>>;
  /** Asks a server for its definitions, and approves none. @throws Error with a sentence for the operator. */
  readonly probeServer: (snapshot: Snapshot, server: string) => Promise<ProbedServer>;
  /** @param by who says yes. */
  readonly approveWaiting: (snapshot: Snapshot, waiting: readonly PendingPin[], by: string) => Promise<void>;
  /** `undefined` where nobody can be asked. */
  readonly prompts: () => Promise<Prompts | undefined>;
}

/** What every command is given besides its own arguments and options. */
export interface CommandContext {
  readonly io: CliIo;
  readonly environment: Environment;
  /** Version of this program. */
  readonly version: string;
  readonly configuration: Configuration;
  readonly ports: CommandPorts;
  /** The whole list of commands, for completion. */
  readonly commands: readonly CommandEntry[];
}
