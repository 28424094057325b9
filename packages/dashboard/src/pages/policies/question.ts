/** The form of a question about a call, and the body that asks it. */
import { listOf } from '../../text/list-of.ts';

export interface Question {
  readonly subject: string;
  readonly issuer: string;
  readonly roles: string;
  readonly groups: string;
  readonly agent: string;
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
}

export const EMPTY_QUESTION: Question = {
  subject: '',
  issuer: '',
  roles: '',
  groups: '',
  agent: '',
  server: '',
  name: '',
  arguments: '{}',
};

const given = (name: string, value: string): Record<string, string> =>
  value.trim() === '' ? {} : { [name]: value.trim() };

/** @throws SyntaxError when the arguments are no JSON. */
export function questionOf(question: Question): object {
  const parsed: unknown = JSON.parse(question.arguments.trim() === '' ? '{}' : question.arguments);
  return {
    user: {
      subject: question.subject.trim(),
      ...given('issuer', question.issuer),
      roles: listOf(question.roles),
      groups: listOf(question.groups),
    },
    ...given('agent', question.agent),
    server: question.server.trim(),
    method: 'tools/call',
    name: question.name.trim(),
    arguments: parsed,
  };
}
