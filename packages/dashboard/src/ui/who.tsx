/** Users and agents, as they call themselves; the whole identifier is a tooltip. */
import type { ReactNode } from 'react';
import type { Approval, Person } from '../api/types.ts';
import { VisibleText } from './visible-text.tsx';

export const personName = ({ name, email, subject }: Person): string => name ?? email ?? subject;

export const agentName = ({ name, client_id }: Approval['agent']): string => name ?? client_id ?? 'unknown agent';

export function PersonName({ person }: { readonly person: Person }): ReactNode {
  return (
    <span title={`${person.subject} of ${person.issuer}`}>
      <VisibleText text={personName(person)} />
    </span>
  );
}
