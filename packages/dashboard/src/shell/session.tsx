import { createContext, useContext } from 'react';
import type { Role, Session } from '../api/types.ts';
import { hasRole } from './navigation.ts';

export const SessionContext = createContext<Session | undefined>(undefined);

/** Who is signed in. @throws Error outside the shell. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('no session outside the shell');
  return session;
}

export const useHasRole = (role: Role): boolean => hasRole(useSession(), role);
