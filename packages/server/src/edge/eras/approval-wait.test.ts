/** Which clients are shown the page of an approval, and how. */
import { describe, expect, it } from 'vitest';
import { GuardError, type JsonObject, type Outcome } from '@sallyport/guard';
import { approvalQuestion, urlElicitationRequired, withApprovalPage } from './approval-wait.ts';

const refused = (error: GuardError): Outcome => ({
  status: 'refused',
  error,
  correlationId: 'c',
  method: 'tools/call',
  durationMs: 1,
  principal: undefined,
  tenant: undefined,
  definition: undefined,
  executed: false,
});
const pageOf = (id: string): string => `https://ops.example.com/approvals/${id}`;
const shownIn = (error: GuardError): GuardError => {
  const outcome = withApprovalPage(refused(error), pageOf);
  if (outcome.status === 'success') throw new Error('it was refused');
  return outcome.error;
};
const REQUIRED = new GuardError('approval_required', { data: { approval_id: '5f0c' }, message: 'Because.' });
const URLS: JsonObject = { elicitation: { url: {} } };

describe('the page of an approval', () => {
  it('stands in the refusal, beside the reason', () => {
    const error = shownIn(REQUIRED);
    expect(error.message).toBe('Because.');
    expect(error.detail).toMatchObject({
      data: { approval_id: '5f0c', approval_url: pageOf('5f0c') },
      suggestion: expect.stringContaining(pageOf('5f0c')) as string,
    });
  });

  it('is in no other refusal', () => {
    for (const error of [
      new GuardError('approval_refused', { data: { approval_id: '5f0c' } }),
      new GuardError('approval_required'),
    ])
      expect(shownIn(error)).toBe(error);
  });

  it.each<[capabilities: JsonObject, protocolVersion: string, isShown: boolean]>([
    [URLS, '2025-11-25', true],
    [URLS, '2025-06-18', false],
    [URLS, '2025-03-26', false],
    [URLS, '2026-07-28', false],
    [{ elicitation: {} }, '2025-11-25', false],
    [{ elicitation: { form: {} } }, '2025-11-25', false],
    [{}, '2025-11-25', false],
  ])('the error -32042 for %j and %s: %s', (capabilities, protocolVersion, isShown) => {
    const error = urlElicitationRequired(shownIn(REQUIRED), capabilities, protocolVersion);
    expect(error?.detail.rpc).toEqual(
      isShown
        ? {
            code: -32042,
            data: {
              elicitations: [
                { mode: 'url', elicitationId: '5f0c', url: pageOf('5f0c'), message: expect.any(String) as string },
              ],
            },
          }
        : undefined,
    );
  });

  it.each<[capabilities: JsonObject, isShown: boolean]>([
    [URLS, true],
    [{ elicitation: { form: {}, url: {} } }, true],
    [{ elicitation: {} }, false],
    [{ elicitation: { form: {} } }, false],
    [{ elicitation: true }, false],
    [{}, false],
  ])('U17 a question of 2026-07-28 for %j: %s, and never a form', (capabilities, isShown) => {
    const question = approvalQuestion(shownIn(REQUIRED), {}, capabilities);
    expect(question).toEqual(
      isShown
        ? {
            resultType: 'input_required',
            requestState: expect.stringMatching(/^sallyport-approval\./) as string,
            inputRequests: {
              approval: {
                method: 'elicitation/create',
                params: { mode: 'url', url: pageOf('5f0c'), message: expect.any(String) as string },
              },
            },
          }
        : undefined,
    );
  });
});
