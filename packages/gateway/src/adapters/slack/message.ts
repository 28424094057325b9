/**
 * A request as a Slack message (Block Kit). All that is not ours stands in `plain_text` objects without emoji, where
 * Slack reads no mention, link or markup.
 */
import type { KnownBlock, ModalView, PlainTextElement } from '@slack/web-api';
import type { FiledApproval } from '@sallyport/guard';
import type { Content } from '../../channels/content.ts';

/** What a section holds is at most 3,000 characters. */
export const ARGUMENTS_CHARACTERS_MAX = 2_800;
const TITLE_CHARACTERS_MAX = 150;
const SECTION_CHARACTERS_MAX = 3_000;

export const APPROVE = 'sallyport_approve';
export const DENY = 'sallyport_deny';
export const REASON = 'sallyport_reason';

const plain = (text: string, max: number): PlainTextElement => ({
  type: 'plain_text',
  text: text.length > max ? `${text.slice(0, max - 1)}…` : text,
  emoji: false,
});
const section = (text: string): KnownBlock => ({ type: 'section', text: plain(text, SECTION_CHARACTERS_MAX) });

/** What a button says of its request. It proves nothing: whoever presses is looked up, and the request read again. */
export const valueOf = ({ id, tenant }: Pick<FiledApproval, 'id' | 'tenant'>): string => JSON.stringify({ id, tenant });

export function blocksOf(content: Content, approval: FiledApproval): KnownBlock[] {
  const { title, status, facts, arguments: sent, isPending, approvable, whyNot } = content;
  return [
    { type: 'header', text: plain(title, TITLE_CHARACTERS_MAX) },
    section(status),
    section(facts.map(({ label, text }) => `${label}: ${text}`).join('\n')),
    ...(isPending ? [section('What would be sent:'), section(sent)] : []),
    ...(whyNot === undefined ? [] : [section(whyNot)]),
    { type: 'actions', elements: [...(isPending ? decisions(approval, approvable) : []), pageButton(content)] },
  ];
}

type Button = Extract<Extract<KnownBlock, { type: 'actions' }>['elements'][number], { type: 'button' }>;

const pageButton = ({ page }: Content): Button => ({
  type: 'button',
  action_id: 'sallyport_page',
  text: plain('Open the page', 75),
  url: page,
});

const decisions = (approval: FiledApproval, approvable: boolean): Button[] => [
  ...(approvable
    ? [
        {
          type: 'button' as const,
          style: 'primary' as const,
          action_id: APPROVE,
          text: plain('Approve', 75),
          value: valueOf(approval),
          confirm: {
            title: plain('Approve this call?', 100),
            text: plain('Exactly what is shown is sent, once.', 300),
            confirm: plain('Approve', 30),
            deny: plain('Back', 30),
          },
        },
      ]
    : []),
  { type: 'button', style: 'danger', action_id: DENY, text: plain('Deny…', 75), value: valueOf(approval) },
];

/** Asks for the reason of a no. @param metadata comes back with the answer. */
export const reasonModal = (metadata: string): ModalView => ({
  type: 'modal',
  callback_id: REASON,
  private_metadata: metadata,
  title: plain('Deny this call', 24),
  submit: plain('Deny', 24),
  close: plain('Back', 24),
  blocks: [
    {
      type: 'input',
      block_id: REASON,
      optional: true,
      label: plain('Reason, which the model is told', 200),
      element: { type: 'plain_text_input', action_id: REASON, multiline: true, max_length: 500 },
    },
  ],
});
