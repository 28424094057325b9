/** The frame of every page: navigation by role, who is signed in, theme, help. */
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { Menu as MenuIcon, X } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useLiveUpdates, type LiveState } from '../api/live.ts';
import { overviewQuery, sessionQuery } from '../api/queries.ts';
import type { Session } from '../api/types.ts';
import { Button } from '../ui/button.tsx';
import { Failed, Loading } from '../ui/states.tsx';
import { AccountMenu } from './account-menu.tsx';
import { Logo } from './logo.tsx';
import { DESTINATIONS, hasRole, maySee } from './navigation.ts';
import { SessionContext } from './session.tsx';
import { ShortcutHelp } from './shortcut-help.tsx';
import { useShortcuts } from './shortcuts.tsx';
import { SignIn } from './sign-in.tsx';
import styles from './shell.module.css';

/** Decides between the sign-in page and the pages. */
export function Root(): ReactNode {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  if (session === null) return <SignIn />;
  if (session !== undefined) return <Shell session={session} />;
  return (
    <main className={styles['alone']}>
      <h1 className="visually-hidden">Sallyport</h1>
      {error === null ? (
        <Loading what="your session" />
      ) : (
        <Failed error={error} what="signing in" again={() => void refetch()} />
      )}
    </main>
  );
}

function Shell({ session }: { readonly session: Session }): ReactNode {
  const live = useLiveUpdates();
  const [open, setOpen] = useState(false);
  const [help, setHelp] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useGoShortcuts(session, () => setHelp(true));
  useEffect(() => {
    setOpen(false);
    // A new page begins at its beginning for screen readers, too; the first one is where the browser puts it.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return (
    <SessionContext value={session}>
      <a className={styles['skip']} href="#main" onClick={(event) => skipTo(event, main.current)}>
        Skip to the content
      </a>
      <div className={styles['frame']}>
        <header className={styles['side']} data-open={open || undefined}>
          <div className={styles['brand']}>
            <Link to="/" className={styles['home']}>
              <Logo /> Sallyport
            </Link>
            <Button
              look="quiet"
              className={styles['toggle'] ?? ''}
              label={open ? 'Close the navigation' : 'Open the navigation'}
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              {open ? <X aria-hidden /> : <MenuIcon aria-hidden />}
            </Button>
          </div>
          <div className={styles['drawer']}>
            <Navigation session={session} />
            <div className={styles['foot']}>
              <Live state={live} />
              <AccountMenu session={session} onHelp={() => setHelp(true)} />
            </div>
          </div>
        </header>
        <main id="main" ref={main} tabIndex={-1} className={styles['main']}>
          <Outlet />
        </main>
      </div>
      <ShortcutHelp open={help} onClose={() => setHelp(false)} />
    </SessionContext>
  );
}

function skipTo(event: React.MouseEvent, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

function useGoShortcuts(session: Session, showHelp: () => void): void {
  const navigate = useNavigate();
  const pages = DESTINATIONS.filter((destination) => maySee(session, destination)).map(({ to, key, label }) => [
    `g ${key}`,
    { what: `Go to ${label}`, run: () => void navigate({ to }) },
  ]);
  useShortcuts({ ...Object.fromEntries(pages), '?': { what: 'Show these shortcuts', run: showHelp } });
}

function Navigation({ session }: { readonly session: Session }): ReactNode {
  const { data } = useQuery({ ...overviewQuery, enabled: hasRole(session, 'viewer') });
  const pending = data?.approvals_pending ?? 0;
  return (
    <nav aria-label="Pages">
      <ul className={styles['pages']}>
        {DESTINATIONS.filter((destination) => maySee(session, destination)).map(({ to, label, icon: Icon }) => (
          <li key={to}>
            <Link
              to={to}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              activeProps={{ 'aria-current': 'page' }}
              className={styles['page']}
            >
              <Icon aria-hidden />
              <span>{label}</span>
              {to === '/approvals' && pending > 0 && (
                <span className={styles['count']}>
                  {pending}
                  <span className="visually-hidden"> waiting</span>
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const LIVE_TEXT: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Not live: reload to refresh',
};

function Live({ state }: { readonly state: LiveState }): ReactNode {
  return (
    <p className={styles['live']} data-state={state}>
      {LIVE_TEXT[state]}
    </p>
  );
}
