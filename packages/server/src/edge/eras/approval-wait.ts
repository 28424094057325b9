/**
 * A call that a person must approve, as clients learn of it. Those that can open a page for their user are given its
 * address: modern ones by `input_required`, and they send the call again; those of 2025-11-25 by the error -32042. All
 * others read the address in the refusal. What the user answers decides nothing (U17): the guard judges each call anew,
 * and only what people said on the page counts.
 */
import { GuardError, isObject, type JsonObject, type Outcome } from '@sallyport/guard';
import { APPROVAL_QUESTION as QUESTION, APPROVAL_STATE_PREFIX as STATE_PREFIX } from '../../mcp/approval-retry.ts';
import { acceptsUrls } from '../../mcp/client-requests.ts';
import { RPC_ERROR } from '../../mcp/error-codes.ts';
import { inputRequired } from '../../mcp/results.ts';
import { hasUrlElicitation } from '../../mcp/revisions.ts';

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

/** The same outcome, with the address of the page where it waits for an approval. */
export function withApprovalPage(outcome: Outcome, pageOf: (id: string) => string): Outcome {
  if (outcome.status === 'success' || outcome.error.code !== 'approval_required') return outcome;
  const { detail } = outcome.error;
  const id = detail.data?.['approval_id'];
  if (typeof id !== 'string') return outcome;
  const url = pageOf(id);
  const suggestion = `Somebody who may approve it finds it at ${url} . Then call again with the same arguments.`;
  const data = { ...detail.data, approval_url: url };
  return { ...outcome, error: new GuardError('approval_required', { ...detail, data, suggestion }) };
}

/** What a client needs to open the page. */
interface Page {
  readonly id: string;
  readonly url: string;
  readonly message: string;
}

function pageIn({ code, message, detail }: GuardError): Page | undefined {
  const { approval_id: id, approval_url: url } = detail.data ?? {};
  if (code !== 'approval_required' || typeof id !== 'string' || typeof url !== 'string') return undefined;
  return { id, url, message: `${message} Its page shows what would be sent. Continue to wait for the approval.` };
}

/** @returns the result that shows the page; `undefined` for other errors and for clients that open no addresses. */
export function approvalQuestion(
  error: GuardError,
  params: JsonObject,
  capabilities: JsonObject,
): JsonObject | undefined {
  const page = pageIn(error);
  if (page === undefined || !acceptsUrls(capabilities['elicitation'])) return undefined;
  const state = Buffer.from(JSON.stringify(pickReplaced(params))).toString('base64url');
  const question = { mode: 'url', message: page.message, url: page.url };
  return inputRequired({ [QUESTION]: { method: 'elicitation/create', params: question } }, `${STATE_PREFIX}${state}`);
}

/** @returns the error of 2025-11-25 that shows the page; `undefined` for other errors, clients and revisions. */
export function urlElicitationRequired(
  error: GuardError,
  capabilities: JsonObject,
  protocolVersion: string,
): GuardError | undefined {
  const page = pageIn(error);
  if (page === undefined || !hasUrlElicitation(protocolVersion) || !acceptsUrls(capabilities['elicitation']))
    return undefined;
  const { id, ...shown } = page;
  const data = { elicitations: [{ mode: 'url', elicitationId: id, ...shown }] };
  return new GuardError('approval_required', {
    ...error.detail,
    rpc: { code: RPC_ERROR.urlElicitationRequired, data },
  });
}
