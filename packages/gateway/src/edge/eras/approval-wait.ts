/**
 * A call that a person must approve, for modern clients that can ask their user: instead of a refusal they get
 * `input_required` with one question, and send the call again later. The user's answer decides nothing: the guard
 * judges the retry as a new call, and the approval store says whether it may run.
 */
import { isObject, type GuardError, type JsonObject } from '@sallyport/guard';
import { acceptsForms } from '../../mcp/client-requests.ts';
import { inputRequired } from '../../mcp/results.ts';

/** Prefix of the `requestState` of such a question. */
const STATE_PREFIX = 'sallyport-approval.';
const QUESTION = 'approval';
/** Members of params that the question replaces; its state keeps them. */
const REPLACED_MEMBERS = ['requestState', 'inputResponses'] as const;

/** A call that is sent again after the question. */
export interface ApprovalRetry {
  /** Params as they were before the question, so that the guard sees the identical call. */
  readonly params: JsonObject;
  /** The user does not want to wait for the approval. */
  readonly declined: boolean;
}

/** @returns `undefined` for params of any other call. */
export function readApprovalRetry(params: JsonObject): ApprovalRetry | undefined {
  const state = params['requestState'];
  if (typeof state !== 'string' || !state.startsWith(STATE_PREFIX)) return undefined;
  const { requestState: _state, inputResponses, ...others } = params;
  const response = isObject(inputResponses) ? inputResponses[QUESTION] : undefined;
  return {
    params: { ...others, ...decodeState(state) },
    declined: isObject(response) && response['action'] !== 'accept',
  };
}

/** Not sealed: a client that changes it only says what it could have said without it. */
function decodeState(state: string): JsonObject {
  try {
    const value: unknown = JSON.parse(Buffer.from(state.slice(STATE_PREFIX.length), 'base64url').toString());
    return isObject(value) ? pickReplaced(value) : {};
  } catch {
    return {};
  }
}

const pickReplaced = (params: JsonObject): JsonObject =>
  Object.fromEntries(
    REPLACED_MEMBERS.flatMap((name) => {
      const value = params[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** @returns the result that asks the user to wait; `undefined` for other errors and for clients without elicitation. */
export function approvalQuestion(
  error: GuardError,
  params: JsonObject,
  capabilities: JsonObject,
): JsonObject | undefined {
  if (error.code !== 'approval_required' || !acceptsForms(capabilities['elicitation'])) return undefined;
  const id = error.detail.data?.['approval_id'];
  const message = [
    error.message,
    ...(typeof id === 'string' ? [`Its id is ${id}.`] : []),
    'Continue once it has been approved.',
  ].join(' ');
  const state = Buffer.from(JSON.stringify(pickReplaced(params))).toString('base64url');
  const question = { mode: 'form', message, requestedSchema: { type: 'object', properties: {} } };
  return inputRequired({ [QUESTION]: { method: 'elicitation/create', params: question } }, `${STATE_PREFIX}${state}`);
}
