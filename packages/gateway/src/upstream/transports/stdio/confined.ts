/**
 * Programs of servers with a sandbox. The sandbox is tried once, when the first of them starts; where it does not work,
 * they are not started.
 */
import type { Log } from '@sallyport/guard';
import { createConfiner, type Confiner, type PreparedProgram } from '@sallyport/server/sandbox';
import type { ServerSettings, ServerTransport } from '../../../snapshot.ts';
import { transportFailure } from '../failure.ts';

type StdioSettings = Extract<ServerTransport, { kind: 'stdio' }>;

let tried: Promise<Confiner> | undefined;

/**
 * What confines the program of a server; `undefined` for one without a sandbox.
 *
 * @throws GuardError `upstream_failed` where the sandbox does not work: the reason says what to do.
 */
export async function confinerFor({ transport }: ServerSettings): Promise<Confiner | undefined> {
  if (transport.kind !== 'stdio' || transport.sandbox === undefined) return undefined;
  tried ??= createConfiner();
  try {
    return await tried;
  } catch (error) {
    // Whoever installs what is missing need not start the gateway anew.
    tried = undefined;
    throw notConfined(error);
  }
}

/**
 * @param environment of the child, for the folders of its programs.
 * @returns `undefined` for a server without a sandbox.
 * @throws GuardError `upstream_failed` when it cannot be confined as its settings say.
 */
export function prepareConfined(
  name: string,
  { command, args, cwd, env, sandbox }: StdioSettings,
  environment: Readonly<Record<string, string>>,
  log: Log,
  confiner: Confiner | undefined,
): PreparedProgram | undefined {
  if (sandbox === undefined) return undefined;
  if (confiner === undefined) throw new TypeError('a server with a sandbox needs what confines it');
  const { cpus, ...limits } = sandbox;
  try {
    return confiner.prepare({
      ...limits,
      ...(cpus !== undefined && { cpus }),
      ...(cwd !== undefined && { cwd }),
      command,
      args,
      path: env['PATH'] ?? environment['PATH'] ?? '',
      onRefused: (destination) => log('warn', 'a server may not reach this', { server: name, destination }),
    });
  } catch (error) {
    throw notConfined(error);
  }
}

const notConfined = (error: unknown): Error =>
  transportFailure(error instanceof Error ? error.message : 'the program cannot be confined', { unsent: true });
