import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { change } from '../../api/client.ts';
import type { ApiKey } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Notice } from '../../ui/page.tsx';
import styles from './people.module.css';

const LIFETIMES = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'A year'],
] as const;

interface NewKey {
  readonly name: string;
  readonly user: string;
  readonly roles: string;
  readonly scopes: string;
  readonly days: string;
}

const partsOf = (text: string): string[] => text.split(/[\s,]+/).filter((part) => part !== '');

const bodyOf = ({ name, user, roles, scopes, days }: NewKey): object => ({
  name: name.trim(),
  ...(user.trim() !== '' && { user: user.trim() }),
  scopes: partsOf(scopes),
  roles: partsOf(roles),
  days: Number(days),
});

export function CreateKey({ onClose }: { readonly onClose: () => void }): ReactNode {
  const queries = useQueryClient();
  const [key, setKey] = useState<NewKey>({ name: '', user: '', roles: '', scopes: '', days: '90' });
  const create = useMutation({
    mutationFn: () => change<ApiKey & { readonly secret: string }>('POST', '/keys', { body: bodyOf(key) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  if (create.data !== undefined) return <Secret secret={create.data.secret} onClose={onClose} />;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Create an API key" description="For a machine that cannot sign in.">
      <form onSubmit={submit} className={styles['form']}>
        <KeyFields value={key} set={(next) => setKey({ ...key, ...next })} />
        {create.error !== null && <Notice tone="bad" title={create.error.message} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={create.isPending}>
            Create
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const TEXT_FIELDS = [
  ['name', 'Name', 'What the key is for.'],
  ['user', 'Acts as the user (optional)', 'In records and policies; the name when left out.'],
  ['roles', 'Roles (optional)', 'As policies see them, with spaces between them.'],
  ['scopes', 'Scopes (optional)', 'As policies see them; control:viewer reads the API of this dashboard.'],
] as const;

function KeyFields({ value, set }: { readonly value: NewKey; set(next: Partial<NewKey>): void }): ReactNode {
  return (
    <>
      {TEXT_FIELDS.map(([name, label, hint]) => (
        <Field key={name} label={label} hint={hint}>
          {(ids) => (
            <input
              {...ids}
              required={name === 'name'}
              className={inputClass}
              autoComplete="off"
              value={value[name]}
              onChange={(event) => set({ [name]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <Field label="Expires after">
        {(ids) => (
          <select
            {...ids}
            className={inputClass}
            value={value.days}
            onChange={(event) => set({ days: event.target.value })}
          >
            {LIFETIMES.map(([days, label]) => (
              <option key={days} value={days}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
    </>
  );
}

function Secret({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }): ReactNode {
  return (
    <Dialog open onClose={onClose} title="The key" description="Copy it now. It is shown once and kept nowhere.">
      <p className={styles['secret']}>
        <Copyable value={secret} what="key" lengthMax={200} />
      </p>
      <DialogActions>
        <Button look="primary" onClick={onClose}>
          I have copied it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
