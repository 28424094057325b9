import type { ReactNode } from 'react';

export function Logo(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden>
      <rect width="32" height="32" rx="7" fill="#1f4fd6" />
      <path d="M8 26V14a8 8 0 0 1 16 0v12h-5v-11a3 3 0 0 0-6 0v11z" fill="#fff" />
    </svg>
  );
}
