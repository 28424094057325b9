/**
 * A request as an Adaptive Card (https://adaptivecards.io, 1.5). All that is not ours stands in text runs, in which
 * Teams reads neither Markdown nor links nor mentions.
 */
import type { FiledApproval } from '@sallyport/guard';
import type { Content } from '../../channels/content.ts';

/** Teams takes cards of about 28 KB; other alphabets take up to three bytes a character. */
export const ARGUMENTS_CHARACTERS_MAX = 6_000;

export const APPROVE = 'sallyport/approve';
export const DENY = 'sallyport/deny';
export const REASON = 'reason';

interface Element {
  readonly type: string;
  readonly [member: string]: unknown;
}

const text = (value: string, run: Readonly<Record<string, unknown>> = {}): Element => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text: value, ...run }],
});

/** @returns the card with what may still be pressed on it. */
export function cardOf(content: Content, approval: FiledApproval): Element {
  const { title, status, facts, arguments: sent, isPending, whyNot } = content;
  return {
    type: 'AdaptiveCard',
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    version: '1.5',
    fallbackText: 'A request for approval',
    body: [
      text(title, { weight: 'bolder', size: 'large' }),
      text(status),
      ...facts.map(({ label, text: value }) => text(`${label}: ${value}`)),
      ...(isPending ? [text('What would be sent:', { weight: 'bolder' }), text(sent, { fontType: 'monospace' })] : []),
      ...(whyNot === undefined ? [] : [text(whyNot)]),
      ...(isPending ? [REASON_INPUT] : []),
    ],
    actions: [
      ...(isPending ? decisions(approval, content.approvable) : []),
      { type: 'Action.OpenUrl', title: 'Open the page', url: content.page },
    ],
  };
}

const REASON_INPUT: Element = {
  type: 'Input.Text',
  id: REASON,
  label: 'Reason for a no, which the model is told',
  maxLength: 500,
  isMultiline: true,
};

/** What an action says of its request proves nothing: whoever presses is looked up, and the request read again. */
function decisions({ id, tenant }: FiledApproval, approvable: boolean): readonly Element[] {
  const action = (verb: string, title: string, style: string): Element => ({
    type: 'Action.Execute',
    verb,
    title,
    style,
    data: { id, tenant },
  });
  return [...(approvable ? [action(APPROVE, 'Approve', 'positive')] : []), action(DENY, 'Deny', 'destructive')];
}
