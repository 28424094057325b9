/** `npm start`: starts the demo from its example configuration, with the servers, users and keys that it needs. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../adapters/sqlite/store.ts';
import type { CliIo } from '../cli/io.ts';
import { formatConfigError, loadConfigText } from '../config.ts';
import type { SignInHandler } from '../sign-in.ts';
import type { ServerSettings, Snapshot } from '../snapshot.ts';
import { banner } from './banner.ts';
import { mintDemoKeys } from './keys.ts';
import { openNotesToken, startNotes } from './notes-process.ts';
import { DEMO_CALLS, writeCurlFiles } from './demo-calls.ts';
import { openDemoUsers, type DemoUser } from './users.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CONFIG = join(ROOT, 'examples', 'demo', 'sallyport.yaml');

type Start = (
  snapshot: Snapshot,
  options: { readonly signIn?: SignInHandler },
) => Promise<{ readonly gatewayUrl: string; readonly adminUrl: string; close(): Promise<void> }>;

/** What tests change in the demo. */
export interface DemoOptions {
  /** Ports of gateway, admin listener and notes server; those of the example when absent. */
  readonly ports?: { readonly gateway: number; readonly admin: number; readonly notes: number };
  /** `data/demo` of the checkout when absent. */
  readonly dataFolder?: string;
  /** Makes the authorization server; without it clients need a key. */
  readonly openSignIn?: (
    snapshot: Snapshot,
    users: readonly DemoUser[],
  ) => Promise<{ readonly handle: SignInHandler; close(): void | Promise<void> }>;
}

const RIGHTS: Readonly<Record<string, string>> = {
  alice: 'everything; runs the gateway',
  bob: 'reads notes, echoes what is not confidential',
  carol: 'approves what others ask for',
  dave: 'reads and writes notes, 5 calls a minute',
};

/** @throws Error with a sentence for the operator. Prints the banner when everything is up. */
export async function runDemo(io: CliIo, start: Start, options: DemoOptions = {}): Promise<{ close(): Promise<void> }> {
  const dataFolder = options.dataFolder ?? join(ROOT, 'data', 'demo');
  const tokenFile = join(dataFolder, 'notes.token');
  openNotesToken(tokenFile);
  const snapshot = demoSnapshot(options, dataFolder);
  const users = openDemoUsers(dataFolder);
  const notes = await startNotes(options.ports?.notes ?? 8702, tokenFile);
  try {
    // Only now: while the port is taken another demo may run, and this would revoke its keys.
    const keys = await createKeys(dataFolder, users);
    const signIn = await options.openSignIn?.(snapshot, users);
    const running = await start(snapshot, signIn === undefined ? {} : { signIn: signIn.handle });
    const callsFolder = join(dataFolder, 'try');
    writeCurlFiles(callsFolder, running, keys);
    io.stdout(
      banner({
        gatewayUrl: running.gatewayUrl,
        adminUrl: running.adminUrl,
        users,
        rights: RIGHTS,
        calls: DEMO_CALLS,
        callsFolder: relativeToWorkingFolder(callsFolder),
        command: 'node packages/gateway/bin/sallyport.js',
        configFile: relativeToWorkingFolder(CONFIG),
        weakenings: snapshot.weakenings,
        signIn: signIn !== undefined,
      }),
    );
    return {
      close: async () => {
        await running.close();
        await signIn?.close();
        await notes.stop();
      },
    };
  } catch (thrown) {
    await notes.stop();
    throw thrown;
  }
}

/** The path as it is typed in the folder that the demo was started from. */
function relativeToWorkingFolder(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') || fromHere === '' ? path : fromHere;
}

/** The example, with the ports and the folder of this run, and the reference server on the Node.js that runs this. */
function demoSnapshot({ ports, openSignIn }: DemoOptions, dataFolder: string): Snapshot {
  let text = readFileSync(CONFIG, 'utf8').replaceAll('../../data/demo', dataFolder);
  if (ports !== undefined) {
    text = text
      .replaceAll('127.0.0.1:8700', `127.0.0.1:${ports.gateway}`)
      .replaceAll('127.0.0.1:8701', `127.0.0.1:${ports.admin}`)
      .replaceAll('127.0.0.1:8702', `127.0.0.1:${ports.notes}`);
  }
  const loaded = loadConfigText(text, CONFIG, { environment: {}, folder: dirname(CONFIG) });
  if ('errors' in loaded) throw new Error(loaded.errors.map(formatConfigError).join('\n'));
  const onThisNode = (server: ServerSettings): ServerSettings =>
    server.transport.kind === 'stdio' && server.transport.command === 'node'
      ? { ...server, transport: { ...server.transport, command: process.execPath } }
      : server;
  const { identity, servers } = loaded.snapshot;
  return {
    ...loaded.snapshot,
    identity: openSignIn === undefined ? { ...identity, issuers: [] } : identity,
    servers: servers.map(onThisNode),
  };
}

async function createKeys(dataFolder: string, users: readonly DemoUser[]): Promise<ReadonlyMap<string, string>> {
  const store = openStore(join(dataFolder, 'sallyport.db'));
  try {
    return await mintDemoKeys(store.keys, users, Date.now());
  } finally {
    store.close();
  }
}
