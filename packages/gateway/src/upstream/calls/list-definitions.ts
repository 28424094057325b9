/** `tools/list` and the other lists of definitions: of one server, or of several together. */
import type { Definition, DefinitionKind, Log, McpResult } from '@sallyport/guard';
import { listServed, type Verifier } from '../pins/verify.ts';
import type { SessionPool } from '../sessions/pool.ts';
import { acquireSession, prepareRetry } from './acquire-session.ts';
import { fromEachServer } from './from-each-server.ts';
import type { ServerCall } from './server-call.ts';

/** @throws GuardError what the only server failed with; of several, one that fails is left out. */
export async function listDefinitions(
  pool: SessionPool,
  verifier: Verifier,
  log: Log,
  calls: readonly ServerCall[],
  kind: DefinitionKind,
): Promise<McpResult> {
  const items = await fromEachServer(log, calls, (call) => listOf(pool, verifier, call, kind));
  return { value: {}, items };
}

async function listOf(
  pool: SessionPool,
  verifier: Verifier,
  call: ServerCall,
  kind: DefinitionKind,
): Promise<readonly Definition[]> {
  for (let attempt = 0; ; attempt++) {
    const session = await acquireSession(pool, call);
    try {
      return await listServed(verifier, session, kind);
    } catch (thrown) {
      if (!prepareRetry(pool, session, call, thrown, attempt, 'lists')) throw thrown;
    } finally {
      pool.release(session);
    }
  }
}
