import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Fingerprint } from 'lucide-react';
import { useMemo, useState, type FormEvent, type ReactNode } from 'react';
import { Problem } from '../../api/client.ts';
import { registerPasskey } from '../../api/passkeys.ts';
import { passkeysQuery } from '../../api/queries.ts';
import type { Passkey } from '../../api/types.ts';
import { plainText } from '../../text/visible.ts';
import { useAnnounce } from '../../ui/announce.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Card, Notice, Page } from '../../ui/page.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { column, DataTable, RowAction, TwoLines } from '../../ui/table.tsx';
import { Ago } from '../../ui/time.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import styles from './passkeys.module.css';
import { RemovePasskey } from './remove-passkey.tsx';

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

const columnsWith = (remove: (passkey: Passkey) => void) => [
  column<Passkey>('name', 'Name', ({ name, created_at }) => (
    <TwoLines
      second={
        <>
          registered <Ago value={created_at} />
        </>
      }
    >
      <VisibleText text={name} />
    </TwoLines>
  )),
  column<Passkey>('created', 'Registered', ({ created_at }) => <Ago value={created_at} />, {
    width: '9rem',
    wide: true,
  }),
  column<Passkey>('used', 'Last used', ({ used_at }) => <Ago value={used_at} />, { width: '8rem' }),
  column<Passkey>(
    'remove',
    'Remove',
    (passkey) => (
      <RowAction>
        <Button look="quiet" onClick={() => remove(passkey)}>
          Remove<span className="visually-hidden"> {plainText(passkey.name)}</span>
        </Button>
      </RowAction>
    ),
    { width: '6rem' },
  ),
];

function List(): ReactNode {
  const query = useQuery(passkeysQuery);
  const [removing, setRemoving] = useState<Passkey>();
  const columns = useMemo(() => columnsWith(setRemoving), []);
  return (
    <Card title="Registered" flush>
      <Loaded query={query} what="your passkeys">
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={Fingerprint} title="No passkeys">
              <p>Register one above, on each device with which you approve.</p>
            </Empty>
          ) : (
            <DataTable label="Your passkeys" rows={items} columns={columns} rowKey={({ id }) => id} wrap />
          )
        }
      </Loaded>
      {removing !== undefined && <RemovePasskey passkey={removing} onClose={() => setRemoving(undefined)} />}
    </Card>
  );
}
