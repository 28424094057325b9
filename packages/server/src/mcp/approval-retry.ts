/** What a modern client sends when it calls again after it was shown where its call waits for an approval. */
import type { JsonObject } from '@sallyport/guard';

/** Prefix of the `requestState` of the question that shows the page. */
export const APPROVAL_STATE_PREFIX = 'sallyport-approval.';
/** Name of that question. */
export const APPROVAL_QUESTION = 'approval';

/** Members of params that say: the page was shown, and the caller waits. They approve nothing. */
export const afterApprovalPage = (): JsonObject => ({
  requestState: APPROVAL_STATE_PREFIX,
  inputResponses: { [APPROVAL_QUESTION]: { action: 'accept' } },
});
