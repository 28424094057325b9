/** What of this server a user would see and may call, by the policies in force. */
import { useQuery } from '@tanstack/react-query';
import { UserSearch } from 'lucide-react';
import { useState, type FormEvent, type ReactNode } from 'react';
import { accessQuery, peopleQuery, type AskedUser } from '../../api/queries.ts';
import type { Access } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { DecidingPolicy } from '../../ui/deciding-policy.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { useFilters } from '../../ui/filters.tsx';
import { Card } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { ASKED, askedAbout, askedIn, userOf, type Asked } from './access-question.ts';
import styles from './access.module.css';

export function AccessOfUser({ server }: { readonly server: string }): ReactNode {
  const [values] = useFilters();
  const asked = askedIn(values);
  const user = userOf(asked);
  return (
    <>
      <Card title="Whose access" aside="nothing is executed; that you asked is recorded">
        <Question key={JSON.stringify(asked)} asked={asked} />
      </Card>
      {user === undefined ? (
        <Card>
          <Empty icon={UserSearch} title="Choose a user">
            <p>One who called lately, or a name with the roles and groups that the issuer would give it.</p>
          </Empty>
        </Card>
      ) : (
        <Answer server={server} user={user} />
      )}
    </>
  );
}

const FIELDS: Readonly<Record<(typeof ASKED)[number], readonly [label: string, example: string]>> = {
  user: ['User', 'alice'],
  roles: ['Roles', 'staff, finance'],
  groups: ['Groups', ''],
  agent: ['Agent (optional)', ''],
  issuer: ['Issuer (yours if empty)', ''],
};

function Question({ asked }: { readonly asked: Asked }): ReactNode {
  const [, setFilters] = useFilters();
  const [typed, setTyped] = useState(asked);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setFilters(typed);
  };
  return (
    <form className={styles['question']} onSubmit={submit}>
      <SeenLately choose={setFilters} />
      <div className={styles['fields']}>
        {ASKED.map((name) => (
          <Field key={name} label={FIELDS[name][0]}>
            {(ids) => (
              <input
                {...ids}
                className={inputClass}
                value={typed[name]}
                placeholder={FIELDS[name][1]}
                required={name === 'user'}
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
              />
            )}
          </Field>
        ))}
        <Button type="submit" look="primary">
          Show the access
        </Button>
      </div>
    </form>
  );
}

const PEOPLE_SHOWN = 12;

/** Buttons that fill in everything that is known of a person. */
function SeenLately({ choose }: { choose(asked: Asked): void }): ReactNode {
  const { data } = useQuery(peopleQuery);
  const people = (data?.items ?? []).toSorted((a, b) => b.last_seen_at.localeCompare(a.last_seen_at));
  if (people.length === 0) return null;
  return (
    <div className={styles['lately']}>
      <span id="seen-lately">Seen lately</span>
      <ul aria-labelledby="seen-lately">
        {people.slice(0, PEOPLE_SHOWN).map((person) => (
          <li key={`${person.issuer} ${person.subject}`}>
            <button type="button" onClick={() => choose(askedAbout(person))}>
              <VisibleText text={person.subject} />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Answer({ server, user }: { readonly server: string; readonly user: AskedUser }): ReactNode {
  const query = useQuery(accessQuery(server, user));
  return (
    <Loaded query={query} what="the access of a user" roles="auditor, operator or admin" single>
      {({ items, revision }) => (
        <Card
          title={`What ${user.subject} may do`}
          aside={`${countText(items)}, policies ${revision.slice(0, 12)}`}
          flush={items.length > 0}
        >
          {items.length === 0 ? (
            <p className="soft">Nothing of this server is approved yet.</p>
          ) : (
            <Table items={items} />
          )}
        </Card>
      )}
    </Loaded>
  );
}

const countText = (items: readonly Access[]): string =>
  `${String(items.filter(({ visible }) => visible).length)} of ${String(items.length)} visible`;

function Table({ items }: { readonly items: readonly Access[] }): ReactNode {
  return (
    <table className={styles['access']}>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">May call it</th>
          <th scope="col">Decided by</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={`${item.kind} ${item.name}`}>
            <th scope="row">
              <code>
                <VisibleText text={item.name} />
              </code>
              <span className={styles['kind']}>{item.kind.replaceAll('_', ' ')}</span>
            </th>
            <td>
              <Verdict item={item} />
            </td>
            <td>
              <Because item={item} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Verdict({ item: { visible, call, approval } }: { readonly item: Access }): ReactNode {
  if (!visible) return <Badge tone="bad">does not see it</Badge>;
  if (call === 'allowed') return <Badge tone="good">allowed</Badge>;
  if (call === 'refused') return <Badge tone="bad">refused</Badge>;
  if (call === 'depends_on_arguments') return <Badge tone="warn">depends on arguments</Badge>;
  return (
    <>
      <Badge tone="accent">needs approval</Badge>
      {approval !== undefined && (
        <p className={styles['detail']}>
          {approval.required} of <VisibleText text={approval.approvers.join(', ')} />
          {approval.depends_on_arguments && ', depending on the arguments'}
        </p>
      )}
    </>
  );
}

function Because({ item: { policies, approval } }: { readonly item: Access }): ReactNode {
  return (
    <ul className={styles['because']}>
      {policies.length === 0 && <li className="soft">no policy permits it</li>}
      {policies.map((policy) => (
        <li key={`${policy.file ?? ''} ${policy.id}`}>
          <DecidingPolicy policy={policy} />
        </li>
      ))}
      {approval !== undefined && (
        <li>
          <span className="soft">approval</span> <VisibleText text={approval.source} />
        </li>
      )}
    </ul>
  );
}
