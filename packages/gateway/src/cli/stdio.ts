/** `sallyport stdio`: the gateway as a stdio server, for clients that start their servers themselves. */
import type { CommandDefinition } from './command.ts';
import { stopSignal } from './stop-signal.ts';
import { requireToken } from './address.ts';

/** `sallyport stdio`. */
export const stdioCommand: CommandDefinition<readonly [], { readonly server?: string }> = {
  name: 'stdio',
  summary: 'serve one client over standard input and output, as the holder of SALLYPORT_TOKEN',
  options: [
    { flags: '--server <name>', summary: 'one server with its own tool names, instead of all as server__tool' },
    { flags: '--json', summary: 'accepted for uniformity; standard output carries the protocol' },
  ],
  example: '{ "command": "sallyport", "args": ["stdio", "--server", "notes"], "env": { "SALLYPORT_TOKEN": "sp_…" } }',
  exampleContext: 'in the configuration of a client',
  run: async (_given, { server }, { io, environment, configuration, ports }) => {
    const stop = stopSignal(ports.signals);
    const token = requireToken(environment);
    const snapshot = configuration.load();
    if (snapshot === undefined) return io.exit(1);
    if (server !== undefined && !snapshot.servers.some(({ name }) => name === server))
      throw new Error('--server names no configured server');
    await ports.stdio(snapshot, server, token, stop);
  },
};
