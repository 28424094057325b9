import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Check, ChevronsUpDown, Fingerprint, Keyboard, LogOut, Monitor, Moon, Sun } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { change } from '../api/client.ts';
import type { Session } from '../api/types.ts';
import { useAnnounce } from '../ui/announce.tsx';
import { VisibleText } from '../ui/visible-text.tsx';
import { THEMES, useTheme } from './theme.ts';
import styles from './account-menu.module.css';

const THEME_LOOK = {
  system: { icon: Monitor, label: 'As the system' },
  light: { icon: Sun, label: 'Light' },
  dark: { icon: Moon, label: 'Dark' },
};

export function AccountMenu({
  session,
  onHelp,
}: {
  readonly session: Session;
  readonly onHelp: () => void;
}): ReactNode {
  const queries = useQueryClient();
  const announce = useAnnounce();
  const navigate = useNavigate();
  const failed = (): void => announce('That did not work. Try again.');
  const signOut = (): void => {
    void change('DELETE', '/session').then(() => {
      queries.clear();
      location.assign('/');
    }, failed);
  };
  const chooseTenant = (tenant: string): void => {
    void change('POST', '/session/tenant', { body: { tenant } }).then(() => {
      // Nothing of one tenant may stay on the page of another.
      queries.clear();
      location.assign('/');
    }, failed);
  };
  const name = session.user.name ?? session.user.email ?? session.user.subject;
  // Not modal: the modal form writes a style element into the page, which the Content-Security-Policy forbids.
  return (
    <DropdownMenu.Root modal={false}>
      <Trigger name={name} tenant={session.tenant} />
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles['menu']} side="top" align="start" sideOffset={6}>
          <DropdownMenu.Label className={styles['label']}>
            {session.roles.length === 0 ? 'No role' : `Roles: ${session.roles.join(', ')}`}
          </DropdownMenu.Label>
          {session.tenants.length > 1 && <TenantItems session={session} choose={chooseTenant} />}
          <DropdownMenu.Separator className={styles['line']} />
          <ThemeItems />
          <DropdownMenu.Separator className={styles['line']} />
          <DropdownMenu.Item className={styles['item']} onSelect={() => void navigate({ to: '/passkeys' })}>
            <Fingerprint aria-hidden /> Your passkeys
          </DropdownMenu.Item>
          <DropdownMenu.Item className={styles['item']} onSelect={onHelp}>
            <Keyboard aria-hidden /> Keyboard shortcuts <kbd>?</kbd>
          </DropdownMenu.Item>
          <DropdownMenu.Item className={styles['item']} onSelect={signOut}>
            <LogOut aria-hidden /> Sign out
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Trigger({ name, tenant }: { readonly name: string; readonly tenant: string }): ReactNode {
  return (
    <DropdownMenu.Trigger className={styles['trigger']}>
      <span className="visually-hidden">Account: </span>
      <span aria-hidden className={styles['avatar']}>
        {[...name][0]?.toUpperCase()}
      </span>
      <span className={styles['who']}>
        <span className={styles['name']}>
          <VisibleText text={name} />
        </span>
        <span className={styles['tenant']}>
          <VisibleText text={tenant} />
        </span>
      </span>
      <ChevronsUpDown aria-hidden />
    </DropdownMenu.Trigger>
  );
}

function TenantItems({ session, choose }: { readonly session: Session; choose(tenant: string): void }): ReactNode {
  return (
    <>
      <DropdownMenu.Separator className={styles['line']} />
      <DropdownMenu.RadioGroup value={session.tenant} onValueChange={choose} aria-label="Tenant">
        {session.tenants.map((tenant) => (
          <DropdownMenu.RadioItem key={tenant} value={tenant} className={styles['item']}>
            <VisibleText text={tenant} />
            <DropdownMenu.ItemIndicator className={styles['chosen']}>
              <Check aria-hidden />
            </DropdownMenu.ItemIndicator>
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
    </>
  );
}

function ThemeItems(): ReactNode {
  const [theme, setTheme] = useTheme();
  const choose = (value: string): void => {
    const chosen = THEMES.find((candidate) => candidate === value);
    if (chosen !== undefined) setTheme(chosen);
  };
  return (
    <DropdownMenu.RadioGroup value={theme} onValueChange={choose} aria-label="Theme">
      {THEMES.map((value) => {
        const { icon: Icon, label } = THEME_LOOK[value];
        return (
          <DropdownMenu.RadioItem key={value} value={value} className={styles['item']}>
            <Icon aria-hidden /> {label}
            <DropdownMenu.ItemIndicator className={styles['chosen']}>
              <Check aria-hidden />
            </DropdownMenu.ItemIndicator>
          </DropdownMenu.RadioItem>
        );
      })}
    </DropdownMenu.RadioGroup>
  );
}
