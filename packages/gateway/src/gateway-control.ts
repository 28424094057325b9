/** Composition of the control plane: what the admin listener judges callers with, and what its endpoints work with. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createPasskeyVerifier } from './adapters/webauthn/verifier.ts';
import { createCursors } from './control/api/cursor.ts';
import { createAdmin, type Admin } from './control/admin.ts';
import { createDashboard } from './control/dashboard/dashboard.ts';
import { readDashboardFiles } from './control/dashboard/files.ts';
import { createPasskeys } from './control/passkeys/passkeys.ts';
import type { Check } from './control/ready.ts';
import { checkOrigin } from './control/sign-in/check-origin.ts';
import type { SignInDeps } from './control/sign-in/handle.ts';
import type { Discovery } from './discovery.ts';
import { openChannels, type Channels } from './gateway-channels.ts';
import { openSignInOf } from './gateway-sign-in.ts';
import { openReads } from './gateway-reads.ts';
import { setSecurityHeaders } from '@sallyport/server/listen/security-headers';
import { VERSION } from '@sallyport/server/mcp/implementation';
import { sendResponse } from './control/endpoint.ts';
import { problem, problemOf } from './control/problem.ts';
import type { GuardedUpstreams, Resources } from './resources.ts';

/** The admin listener's endpoints, and the channels that send to it. */
export interface OpenedAdmin extends Omit<Admin, 'close'> {
  /** Ends event streams, and waits for what a channel is told now. */
  close(): Promise<void>;
}

/** What Slack, Teams and webhooks send to. */
const CHANNELS_PATH = '/channels/';

/** The endpoints of the admin listener. */
export async function openAdmin(
  resources: Resources,
  guarded: GuardedUpstreams,
  checks: readonly Check[],
  discovery: Discovery | undefined,
): Promise<OpenedAdmin> {
  const reads = openReads(resources, guarded, discovery);
  const { approvals, audit, clock, log, metrics, sealer, settings } = resources;
  const { admin: listener } = settings.current().snapshot;
  const { sessions, authenticate, signIn } = openSignInOf(resources, guarded);
  const admin = createAdmin({
    listenHost: listener.listen.host,
    publicUrl: listener.publicUrl,
    authenticate,
    checkOrigin,
    pages: createDashboard(readDashboardFiles()),
    clock,
    log,
    version: VERSION,
    checks,
    metrics: () => metrics.read(),
    checkpoint: (tenant) => audit.checkpoint(tenant),
    tile: (tenant, tile) => audit.tile(tenant, tile),
    signIn,
    api: {
      ...reads.api,
      approvals,
      audit,
      clock,
      cursors: createCursors(sealer),
      toolOf: (server, name) => guarded.upstreams.catalog.find({ kind: 'tool', server, name }),
      sessions,
      passkeys: createPasskeys({
        store: resources.database.passkeys,
        verifier: createPasskeyVerifier(),
        publicUrl: () => settings.current().snapshot.admin.publicUrl,
        clock,
      }),
      isDemo: () => settings.current().snapshot.demo,
    },
  });
  const channels = await openChannels(resources, guarded);
  return {
    ...admin,
    handle: (request, response) =>
      request.url?.startsWith(CHANNELS_PATH) === true
        ? handleChannel(request, response, channels, admin, signIn)
        : admin.handle(request, response),
    async close() {
      reads.close();
      admin.close();
      await channels.close();
    },
  };
}

/** Anybody can send to a channel, and checking a signature costs more than a refusal by address. */
function handleChannel(
  request: IncomingMessage,
  response: ServerResponse,
  channels: Channels,
  admin: Admin,
  { limit }: SignInDeps,
): void {
  setSecurityHeaders(request, response);
  limit(request).then(
    () => {
      if (!channels.handle(request, response)) admin.handle(request, response);
    },
    (thrown: unknown) => {
      response.setHeader('Connection', 'close');
      sendResponse(response, problemOf(thrown) ?? problem('INTERNAL'));
    },
  );
}
