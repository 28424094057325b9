import { useRouterState } from '@tanstack/react-router';
import { LogIn } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { buttonClass } from '../ui/button.tsx';
import { Logo } from './logo.tsx';
import styles from './sign-in.module.css';

/** Shown in place of every page while nobody is signed in; its link comes back to that page. */
export function SignIn(): ReactNode {
  const here = useRouterState({ select: ({ location }) => location.href });
  useEffect(() => {
    document.title = 'Sign in · Sallyport';
  }, []);
  return (
    <main className={styles['main']}>
      <div className={styles['card']}>
        <Logo />
        <h1>Sign in to Sallyport</h1>
        <p>Approve what agents ask for, and see what they did. You sign in with your organisation&apos;s account.</p>
        <a
          className={buttonClass('primary')}
          href={`/auth/login?${new URLSearchParams({ return_to: here }).toString()}`}
        >
          <LogIn aria-hidden /> Sign in
        </a>
        <p className={styles['host']}>
          This page is served by <code>{location.host}</code>
        </p>
      </div>
    </main>
  );
}
