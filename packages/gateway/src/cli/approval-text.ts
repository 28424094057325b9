/** A request for approval as text for a terminal: everything that a decision needs, and who decided. */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { columns } from './columns.ts';
import { printable, printableLine } from './printable.ts';

/** One line: a value of several lines would look like other rows. */
const VALUE_CHARACTERS_MAX = 500;

/** The user of a call and the agent, on one line. */
export function whoOf({ requester, agent }: JsonObject): string {
  const client = isObject(agent) ? String(agent['client_id']) : '';
  return oneLine(`${subjectOf(requester)} through ${client}`);
}

/**
 * One request: who calls what and why it waits, what decided it, and all arguments.
 *
 * @param request as `GET /api/v1/approvals/{id}` answers it.
 * @returns lines, the last one ended. Nothing in them moves the cursor.
 */
export function requestText(request: JsonObject): string {
  const rows = [...factRows(request), ...itemsOf(request['decisions']).map(decisionRow), ...ownRows(request)];
  const lines = columns(rows);
  return `${lines.join('\n')}\narguments\n${printable(JSON.stringify(request['arguments'], null, 2))}\n`;
}

function factRows(request: JsonObject): readonly (readonly string[])[] {
  const { shown_first: first, description, approvers, destructive } = request;
  const question = isObject(first) ? first['text'] : undefined;
  return [
    ['id', String(request['id'])],
    ['status', `${String(request['status'])}, until ${String(request['expires_at'])}`],
    ['who', whoOf(request)],
    ['tenant', oneLine(String(request['tenant']))],
    ['tool', oneLine(`${String(request['server'])} ${String(request['tool'])}`)],
    ...(typeof description === 'string' ? [['described', oneLine(description)]] : []),
    ...(destructive === true ? [['warning', 'this call may destroy data']] : []),
    ['asked by', oneLine(String(request['source']))],
    ...(typeof question === 'string' ? [['question', oneLine(question)]] : []),
    ['approvers', oneLine(`${String(request['required'])} of ${Array.isArray(approvers) ? approvers.join(', ') : ''}`)],
  ];
}

function decisionRow({ by, verdict, channel, at, reason }: JsonObject): readonly string[] {
  const said = typeof reason === 'string' && reason !== '' ? `: ${reason}` : '';
  const what = verdict === 'approve' ? 'approved' : 'denied';
  return [what, oneLine(`by ${subjectOf(by)} at ${String(at)} (${String(channel)})${said}`)];
}

/** Why the one who asks may not decide, while somebody can. */
function ownRows({ status, why_not: why }: JsonObject): readonly (readonly string[])[] {
  return status === 'pending' && typeof why === 'string' ? [['you', oneLine(why)]] : [];
}

const itemsOf = (list: Json | undefined): readonly JsonObject[] =>
  Array.isArray(list) ? (list as readonly Json[]).filter(isObject) : [];

const subjectOf = (who: Json | undefined): string => (isObject(who) ? String(who['subject']) : '');

const oneLine = (text: string): string => printableLine(text, VALUE_CHARACTERS_MAX);
