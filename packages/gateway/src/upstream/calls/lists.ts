/** Lists: of one server, or of several merged, where one that fails is left out. */
import { isObject, type Definition, type DefinitionKind, type JsonObject, type McpResult } from '@sallyport/guard';
import { listServed } from '../pins/verify.ts';
import { reasonOf } from '../transports/failure.ts';
import { gatewayRequest } from '../transports/transport.ts';
import { onSession, type CallDeps, type Run } from '../calls/run.ts';
import { ownerOf, type UpstreamSession } from '../sessions/session.ts';
import { sealTaskList } from './tasks.ts';

/** @throws GuardError what the only server failed with; of several, a failing one is logged and left out. */
async function fromEach<R>(
  bridge: CallDeps,
  runs: readonly Run[],
  one: (run: Run) => Promise<readonly R[]>,
): Promise<R[]> {
  const [only] = runs;
  if (only !== undefined && runs.length === 1) return [...(await one(only))];
  const lists = await Promise.all(
    runs.map((run) =>
      one(run).catch((thrown: unknown) => {
        bridge.log('warn', 'a server is left out of a list', { server: run.settings.name, why: reasonOf(thrown) });
        return [];
      }),
    ),
  );
  return lists.flat();
}

export async function listDefinitions(
  bridge: CallDeps,
  runs: readonly Run[],
  kind: DefinitionKind,
): Promise<McpResult> {
  const items: readonly Definition[] = await fromEach(bridge, runs, (run) =>
    onSession(bridge, run, (seat) => listServed(bridge.verifier, seat, kind)),
  );
  return { value: {}, items };
}

const TASK_PAGES_MAX = 20;

export async function listTasks(bridge: CallDeps, runs: readonly Run[]): Promise<McpResult> {
  const tasks = await fromEach(bridge, runs, async (run) => {
    const seats = bridge.links
      .sessionsOf(run.settings.name, ownerOf(run.permitted))
      .filter(({ taskIds: made, connection: link }) => made.size > 0 && link.era === 'legacy');
    return (await Promise.all(seats.map((seat) => tasksOf(run, seat)))).flat();
  });
  return { value: { tasks } };
}

async function tasksOf(run: Run, seat: UpstreamSession): Promise<readonly JsonObject[]> {
  if (!isObject(seat.connection.profile.capabilities['tasks'])) return [];
  const found: JsonObject[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < TASK_PAGES_MAX; page++) {
    const { value } = await seat.connection.request(
      gatewayRequest(
        'tasks/list',
        cursor === undefined ? {} : { cursor },
        run.settings.timeoutMs,
        run.settings.resultBytesMax,
      ),
    );
    found.push(...sealTaskList(run.seal, seat, value['tasks']));
    if (typeof value['nextCursor'] !== 'string') break;
    cursor = value['nextCursor'];
  }
  return found;
}
