import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fingerprint } from 'lucide-react';
import { useMemo, useState, type FormEvent, type ReactNode } from 'react';
import { change, Problem } from '../../api/client.ts';
import { registerPasskey } from '../../api/passkeys.ts';
import { passkeysQuery } from '../../api/queries.ts';
import type { Passkey } from '../../api/types.ts';
import { useAnnounce } from '../../ui/announce.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Card, Notice, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable } from '../../ui/table.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './passkeys.module.css';

const NAME_MAX = 64;

export function PasskeysPage(): ReactNode {
  return (
    <Page title="Your passkeys" lead="With a passkey you confirm requests whose rule asks for one.">
      <Register />
      <List />
    </Page>
  );
}

function Register(): ReactNode {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const [name, setName] = useState('');
  const register = useMutation({
    mutationFn: () => registerPasskey(name.trim()),
    onSuccess: () => {
      announce('Registered');
      setName('');
      void queries.invalidateQueries({ queryKey: ['passkeys'] });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    register.mutate();
  };
  return (
    <Card title="Register a passkey">
      <form onSubmit={submit} className={styles['form']}>
        <Field label="Name" hint="Where the passkey is, such as “Work laptop”.">
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={NAME_MAX}
              className={inputClass}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {register.error !== null && <Refused error={register.error} />}
        <Button type="submit" look="primary" disabled={register.isPending}>
          Register
        </Button>
      </form>
    </Card>
  );
}

function Refused({ error }: { readonly error: Error }): ReactNode {
  if (!(error instanceof Problem) || error.code !== 'STEP_UP_REQUIRED')
    return <Notice tone="bad" title={error.message} />;
  const params = new URLSearchParams({ step_up: '1', return_to: location.pathname });
  return (
    <Notice tone="warn" title="Sign in again first: your last sign-in was more than five minutes ago.">
      <a className={buttonClass('primary')} href={`/auth/login?${params.toString()}`}>
        Sign in again
      </a>
    </Notice>
  );
}

const columnsWith = (remove: (id: string) => void) => [
  column<Passkey>('name', 'Name', ({ name }) => <VisibleText text={name} />),
  column<Passkey>('created', 'Registered', ({ created_at }) => <Ago value={created_at} />, {
    width: '9rem',
    wide: true,
  }),
  column<Passkey>('used', 'Last used', ({ used_at }) => <Ago value={used_at} />, { width: '9rem' }),
  column<Passkey>(
    'remove',
    'Remove',
    ({ id, name }) => (
      <Button look="quiet" onClick={() => remove(id)}>
        Remove<span className="visually-hidden"> {name}</span>
      </Button>
    ),
    { width: '7rem' },
  ),
];

function List(): ReactNode {
  const query = useQuery(passkeysQuery);
  const queries = useQueryClient();
  const announce = useAnnounce();
  const remove = useMutation({
    mutationFn: (id: string) => change('DELETE', `/passkeys/${encodeURIComponent(id)}`),
    onSuccess: () => announce('Removed'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['passkeys'] }),
  });
  const { mutate } = remove;
  const columns = useMemo(() => columnsWith((id) => mutate(id)), [mutate]);
  return (
    <Card title="Registered" flush>
      {remove.error !== null && <Notice tone="bad" title={remove.error.message} />}
      <Loaded query={query} what="your passkeys">
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={Fingerprint} title="No passkeys">
              <p>Register one above, on each device with which you approve.</p>
            </Empty>
          ) : (
            <DataTable label="Your passkeys" rows={items} columns={columns} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
    </Card>
  );
}
