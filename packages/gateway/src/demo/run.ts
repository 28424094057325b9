/** `npm start`: the demo from its example configuration, with everything that it needs started and made. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStore } from '../adapters/sqlite/store.ts';
import type { CliIo } from '../cli/io.ts';
import { formatConfigError, loadConfigText } from '../config.ts';
import type { ServerSettings, Snapshot } from '../snapshot.ts';
import { banner } from './banner.ts';
import { mintDemoKeys } from './keys.ts';
import { openNotesToken, startNotes } from './notes-process.ts';
import { TRIES, writeTries } from './tries.ts';
import { openDemoUsers, type DemoUser } from './users.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const CONFIG = join(ROOT, 'examples', 'demo', 'sallyport.yaml');

/** Takes the requests that belong to the authorization server; true when it did. */
export type Front = (request: IncomingMessage, response: ServerResponse) => boolean;

type Start = (
  snapshot: Snapshot,
  options: { readonly front?: Front },
) => Promise<{ readonly gatewayUrl: string; readonly adminUrl: string; close(): Promise<void> }>;

export interface DemoOptions {
  /** Ports of gateway, admin listener and notes server; those of the example when absent. */
  readonly ports?: { readonly gateway: number; readonly admin: number; readonly notes: number };
  /** `data/demo` of the checkout when absent. */
  readonly dataFolder?: string;
  /** Makes the authorization server; without it clients need a key. */
  readonly openSignIn?: (
    snapshot: Snapshot,
    users: readonly DemoUser[],
  ) => Promise<{ readonly front: Front; close(): void | Promise<void> }>;
}

const RIGHTS: Readonly<Record<string, string>> = {
  alice: 'everything',
  bob: 'reads notes, echoes what is not confidential',
  carol: 'reads and writes notes, 5 calls a minute',
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
    // Only now: the port says that no other demo runs, whose keys this would revoke.
    const keys = await makeKeys(dataFolder, users);
    const signIn = await options.openSignIn?.(snapshot, users);
    const running = await start(snapshot, signIn === undefined ? {} : { front: signIn.front });
    const triesFolder = join(dataFolder, 'try');
    writeTries(triesFolder, running.gatewayUrl, keys);
    io.stdout(
      banner({
        gatewayUrl: running.gatewayUrl,
        adminUrl: running.adminUrl,
        users,
        rights: RIGHTS,
        tries: TRIES,
        triesFolder: typed(triesFolder),
        command: 'node packages/gateway/bin/sallyport.js',
        configFile: typed(CONFIG),
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

/** A path as it is typed in the folder that the demo was started from. */
function typed(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') || near === '' ? path : near;
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
  const ours = (server: ServerSettings): ServerSettings =>
    server.transport.kind === 'stdio' && server.transport.command === 'node'
      ? { ...server, transport: { ...server.transport, command: process.execPath } }
      : server;
  const { identity, servers } = loaded.snapshot;
  return {
    ...loaded.snapshot,
    identity: openSignIn === undefined ? { ...identity, issuers: [] } : identity,
    servers: servers.map(ours),
  };
}

async function makeKeys(dataFolder: string, users: readonly DemoUser[]): Promise<ReadonlyMap<string, string>> {
  const store = openStore(join(dataFolder, 'sallyport.db'));
  try {
    return await mintDemoKeys(store.keys, users, Date.now());
  } finally {
    store.close();
  }
}
