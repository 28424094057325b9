/**
 * A call that a person must approve, for modern clients that can ask their user: instead of a refusal they get
 * `input_required` with one question, and the retry is judged anew. Nothing is decided by what comes back: the state only
 * gives the call back what it had, so that the guard sees the identical call, and the approval store says whether it may run.
 */
import { isObject, type GuardError, type JsonObject } from '@sallyport/guard';

const MARK = 'sallyport-approval.';
const QUESTION = 'approval';
const CARRIED = ['requestState', 'inputResponses'] as const;

export interface Waited {
  /** Params as they were before the question. */
  readonly params: JsonObject;
  /** The user does not want to wait. */
  readonly declined: boolean;
}

/** @returns `undefined` for params that are no retry after such a question. */
export function afterWait(params: JsonObject): Waited | undefined {
  const state = params['requestState'];
  if (typeof state !== 'string' || !state.startsWith(MARK)) return undefined;
  const { requestState: _state, inputResponses, ...own } = params;
  const answer = isObject(inputResponses) ? inputResponses[QUESTION] : undefined;
  return { params: { ...own, ...carried(state) }, declined: isObject(answer) && answer['action'] !== 'accept' };
}

/** What the client could have sent itself, so nothing is gained by changing it. */
function carried(state: string): JsonObject {
  try {
    const read: unknown = JSON.parse(Buffer.from(state.slice(MARK.length), 'base64url').toString());
    return typeof read === 'object' && read !== null
      ? Object.fromEntries(
          CARRIED.flatMap((name) => (name in read ? [[name, (read as JsonObject)[name] ?? null]] : [])),
        )
      : {};
  } catch {
    return {};
  }
}

/** @returns the result that asks, or `undefined` when this client cannot be asked. */
export function askToWait(error: GuardError, params: JsonObject, capabilities: JsonObject): JsonObject | undefined {
  const elicitation = capabilities['elicitation'];
  if (
    error.code !== 'approval_required' ||
    !isObject(elicitation) ||
    (elicitation['form'] === undefined && elicitation['url'] !== undefined)
  )
    return undefined;
  const state = Object.fromEntries(
    CARRIED.flatMap((name) => (params[name] === undefined ? [] : [[name, params[name]]])),
  );
  const id = error.detail.data?.['approval_id'];
  const message = `${error.message} ${typeof id === 'string' ? `Its id is ${id}. ` : ''}Continue once it has been approved.`;
  return {
    resultType: 'input_required',
    requestState: `${MARK}${Buffer.from(JSON.stringify(state)).toString('base64url')}`,
    inputRequests: {
      [QUESTION]: {
        method: 'elicitation/create',
        params: { mode: 'form', message, requestedSchema: { type: 'object', properties: {} } },
      },
    },
  };
}
