/** `sallyport stdio`: the gateway as a stdio server, for clients that start their servers themselves. */
import type { Command } from 'commander';
import { credentialToken } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import type { CliIo } from './io.ts';

export interface StdioRun {
  /** One server with its own names; `undefined` = all as `server__tool`. */
  readonly server: string | undefined;
  /** Access token or API key from SALLYPORT_TOKEN. */
  readonly token: string;
}

export interface StdioSource {
  readonly environment: Parameters<typeof credentialToken>[0];
  readonly snapshot: () => Snapshot | undefined;
  /** Serves standard input and output until the input ends. */
  readonly run: (snapshot: Snapshot, options: StdioRun) => Promise<void>;
}

export function registerStdio(program: Command, io: CliIo, source: StdioSource): void {
  program
    .command('stdio')
    .description('serve one client over standard input and output, as the holder of SALLYPORT_TOKEN')
    .option('--server <name>', 'one server with its own tool names, instead of all as server__tool')
    .option('--json', 'accepted for uniformity; standard output carries the protocol')
    .addHelpText(
      'after',
      '\nExample (in the configuration of a client):\n  { "command": "sallyport", "args": ["stdio", "--server", "notes"], "env": { "SALLYPORT_TOKEN": "sp_…" } }\n',
    )
    .action(async (options: { readonly server?: string }) => {
      const token = credentialToken(source.environment);
      if (token === undefined)
        throw new Error(
          'SALLYPORT_TOKEN is not set: put an access token or an API key (sallyport keys create) into it',
        );
      const snapshot = source.snapshot();
      if (snapshot === undefined) {
        io.exit(1);
        return;
      }
      if (options.server !== undefined && !snapshot.servers.some((server) => server.name === options.server))
        throw new Error('--server names no configured server');
      await source.run(snapshot, { server: options.server, token });
    });
}
