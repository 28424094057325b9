/**
 * What people read of a request in a channel. Everything that a model, a server or a caller wrote is made plain, and
 * what does not fit is cut, with the number of characters that are missing.
 */
import {
  demandsOf,
  plainText,
  selectorText,
  uninspectableParts,
  type FiledApproval,
  type PlainText,
} from '@sallyport/guard';
import type { Notice } from './channel.ts';

/** A request as text, for any channel. */
export interface Content {
  /** `Approval needed: crm / refund`. */
  readonly title: string;
  /** Where it stands, and what may still happen. */
  readonly status: string;
  readonly facts: readonly { readonly label: string; readonly text: string }[];
  /** What would be sent, as JSON. */
  readonly arguments: string;
  /** Whether somebody may approve here. A no is always possible while the request waits. */
  readonly approvable: boolean;
  /** Why nobody may approve here although the request waits. */
  readonly whyNot: string | undefined;
  readonly isPending: boolean;
  readonly page: string;
}

const FACT_CHARACTERS_MAX = 200;
const DESCRIPTION_CHARACTERS_MAX = 600;

/** @param argumentsCharactersMax what the channel has room for. */
export function contentOf(notice: Notice, argumentsCharactersMax: number): Content {
  const { approval, description, page } = notice;
  const sent = plainText(JSON.stringify(approval.arguments, null, 2), argumentsCharactersMax);
  const fact = (label: string, text: string, max = FACT_CHARACTERS_MAX): { label: string } & PlainText => ({
    label,
    ...plainText(onOneLine(text), max),
  });
  const facts = [
    fact('Who', whoOf(approval)),
    fact('Through', [approval.agent.clientId, ...approval.agent.actors].join(', ')),
    fact('Tenant', approval.tenant),
    fact('Tool', `${approval.server} / ${approval.tool}`),
    ...(description === undefined ? [] : [fact('What it does', description, DESCRIPTION_CHARACTERS_MAX)]),
    fact(
      'Asked by',
      demandsOf(approval.demand)
        .map(({ source }) => source)
        .join(', '),
    ),
    ...approval.decisions.map(({ by, verdict, reason }) =>
      fact(verdict === 'approve' ? 'Yes' : 'No', reason === undefined ? by.subject : `${by.subject}: ${reason}`),
    ),
  ];
  const isPending = approval.status === 'pending';
  const hidden = [sent, ...facts.filter(({ label }) => label !== 'What it does')];
  const whyNot = isPending
    ? whyNotHere(
        approval,
        hidden.some(({ hiddenCharacters }) => hiddenCharacters > 0),
      )
    : undefined;
  return {
    title: `${TITLES[approval.status]}: ${approval.server} / ${approval.tool}`,
    status: statusText(notice),
    facts: facts.map(({ label, text }) => ({ label, text })),
    arguments: sent.text,
    approvable: isPending && whyNot === undefined,
    whyNot,
    isPending,
    page,
  };
}

const TITLES: Readonly<Record<FiledApproval['status'], string>> = {
  pending: 'Approval needed',
  approved: 'Approved',
  denied: 'Denied',
  consumed: 'Approved and used',
  withdrawn: 'Withdrawn',
  superseded: 'Ended',
  expired: 'Expired',
};

/** U9: what is cut, and what asks for a fresh sign-in or a passkey, is approved on the page only. */
function whyNotHere({ demand, arguments: sent }: FiledApproval, isCut: boolean): string | undefined {
  if (isCut) return 'Not all of it fits here, so it can be approved on the page only.';
  if (demandsOf(demand).some(({ passkey }) => passkey !== undefined))
    return 'It needs a passkey, so it can be approved on the page only.';
  if (demandsOf(demand).some(({ stepUpMs }) => stepUpMs !== undefined))
    return 'It needs a fresh sign-in, so it can be approved on the page only.';
  if (uninspectableParts(sent).length > 0)
    return 'It holds what nobody can read, so it can be approved on the page only.';
  return undefined;
}

/** Words of whoever took a request back. */
const plainLine = (text: string): string => plainText(onOneLine(text), FACT_CHARACTERS_MAX).text;

/** U8: channels write one fact in a line, so a text of several lines could pass as other facts. */
const onOneLine = (text: string): string => text.replace(/[\r\n\u0085\u2028\u2029]+/g, ' ');

const whoOf = ({ requester: { name, email, subject } }: FiledApproval): string =>
  [name, email].some((text) => text !== undefined)
    ? `${[name, email].filter((text) => text !== undefined).join(', ')} (${subject})`
    : subject;

function statusText({ kind, approval }: Notice): string {
  const { status, decisions, demand, expiresAtMs, endedBecause } = approval;
  if (status !== 'pending')
    return endedBecause === undefined ? `${TITLES[status]}.` : `${TITLES[status]}: ${plainLine(endedBecause)}`;
  const yes = decisions.filter(({ verdict }) => verdict === 'approve').length;
  const of = demandsOf(demand).map(
    ({ required, approvers }) => `${required} of ${approvers.map(selectorText).join(', ')}`,
  );
  const until = new Date(expiresAtMs).toISOString().slice(0, 16).replace('T', ' ');
  const reminder = kind === 'reminder' ? 'Reminder: most of the time is over. ' : '';
  return `${reminder}Needs ${of.join(' and ')}; ${yes} said yes. Until ${until} UTC.`;
}
