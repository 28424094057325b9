/**
 * Ids of the tasks for calls that wait for an approval. A client gets `server.<sealed id>`, bound to its principal and
 * the server. The id holds the request for approval and the exact call, so that the gateway keeps nothing: the task
 * lives as long as the request, also over a restart.
 */
import {
  isObject,
  type Clock,
  type Digest,
  type JsonObject,
  type PrincipalKey,
  type Sealer,
  type TaskDirectory,
} from '@sallyport/guard';

/** A call that waits, as its id says. */
export interface HeldTask {
  readonly approvalId: string;
  readonly tenant: string;
  readonly tool: string;
  /** Of the definition under which the call was made. */
  readonly digest: Digest;
  readonly createdAtMs: number;
  /** When the request for approval expires. */
  readonly expiresAtMs: number;
  readonly input: JsonObject;
}

/** Gives ids out, and opens them. */
export interface HeldTaskIds {
  /** Always the same id for the same task. @returns `undefined` for arguments that are too long for an id. */
  seal(principal: PrincipalKey, server: string, task: HeldTask): string | undefined;
  /** `undefined` for every id that is not of this principal and server, and for one that is over. */
  open(principal: PrincipalKey, server: string, taskId: string): HeldTask | undefined;
}

/** Ids are sent in headers too, and are at most 4,096 characters long. */
const INPUT_BYTES_MAX = 2_048;
/** How long a result can be asked for after the request for approval has expired. */
const RESULT_MS = 10 * 60_000;
const PURPOSE = 'held task';

type Sealed = readonly [string, string, string, Digest, number, number, JsonObject];

/** @param clock that of the requests for approval. */
export function createHeldTaskIds(sealer: Sealer, clock: Clock): HeldTaskIds {
  return {
    seal(principal, server, { approvalId, tenant, tool, digest, createdAtMs, expiresAtMs, input }) {
      if (Buffer.byteLength(JSON.stringify(input)) > INPUT_BYTES_MAX) return undefined;
      const sealed: Sealed = [approvalId, tenant, tool, digest, createdAtMs, expiresAtMs, input];
      return `${server}.${sealer.sealName(PURPOSE, bindingOf(principal, server), JSON.stringify(sealed))}`;
    },
    open(principal, server, taskId) {
      if (!taskId.startsWith(`${server}.`)) return undefined;
      const text = sealer.open(PURPOSE, bindingOf(principal, server), taskId.slice(server.length + 1));
      if (text === undefined) return undefined;
      const [approvalId, tenant, tool, digest, createdAtMs, expiresAtMs, input] = JSON.parse(text) as Sealed;
      if (clock.now() > expiresAtMs + RESULT_MS || !isObject(input)) return undefined;
      return { approvalId, tenant, tool, digest, createdAtMs, expiresAtMs, input };
    },
  };
}

const bindingOf = (principal: PrincipalKey, server: string): string => JSON.stringify([server, principal]);

/** The tasks of servers, and those of calls that wait: both are judged as the call of their tool (B10). */
export const withHeldTasks = (tasks: TaskDirectory, ids: HeldTaskIds): TaskDirectory => ({
  find(principal, server, taskId) {
    const held = ids.open(principal, server, taskId);
    return held === undefined ? tasks.find(principal, server, taskId) : held;
  },
});
