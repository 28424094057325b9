/** The authorization server of the demo, on the gateway's own listener. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { SignInUser } from './adapters/oidc-provider/server.ts';
import { openStore } from './adapters/sqlite/store.ts';
import { COMMAND_LINE_CLIENT } from './command-line-client.ts';
import type { Snapshot } from './snapshot.ts';

/** Returns true for a request that it answers; the next handler gets every other request. */
export type SignInHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** An authorization server that answers requests until it is closed. */
export interface SignIn {
  /** True when the request was for the authorization server and has been answered. */
  readonly handle: SignInHandler;
  close(): void;
}

/**
 * Opens the authorization server for the first issuer of the snapshot.
 *
 * @throws Error with a sentence for the operator when the snapshot names no issuer.
 */
export async function openSignIn(snapshot: Snapshot, users: readonly SignInUser[]): Promise<SignIn> {
  const { createAuthorizationServer } = await withoutWarnings(() => import('./adapters/oidc-provider/server.ts'));
  const store = openStore(join(snapshot.dataFolder, 'sign-in.db'));
  const [issuer] = snapshot.identity.issuers;
  if (issuer === undefined) throw new Error('the demo configuration names no issuer');
  const server = await createAuthorizationServer({
    issuer: issuer.issuer,
    resource: issuer.audience,
    users,
    database: store.database,
    folder: snapshot.dataFolder,
    ownClients: [
      ...snapshot.control.signIn.map(({ clientId }) => ({
        clientId,
        name: 'Sallyport dashboard',
        redirectUri: `${snapshot.admin.publicUrl}/auth/callback`,
      })),
      { clientId: COMMAND_LINE_CLIENT, name: 'Sallyport command line', redirectUri: undefined },
    ],
  });
  return { handle: server.handle, close: () => store.close() };
}

/** `oidc-provider` warns on the terminal, when it is loaded, of every Node.js release without long-term support. */
async function withoutWarnings<T>(load: () => Promise<T>): Promise<T> {
  const terminal: { warn: Console['warn'] } = console;
  const { warn } = terminal;
  terminal.warn = () => {};
  try {
    return await load();
  } finally {
    terminal.warn = warn;
  }
}
