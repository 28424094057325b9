/** The pages, who may see them, and the key that goes there after `g`. */
import {
  Activity,
  KeyRound,
  ListTree,
  ScrollText,
  Server,
  Settings2,
  ShieldCheck,
  type LucideIcon,
} from 'lucide-react';
import type { Role, Session } from '../api/types.ts';

export interface Destination {
  readonly to: string;
  readonly label: string;
  readonly key: string;
  readonly icon: LucideIcon;
  /** Any of these roles; none: everybody who is signed in. */
  readonly roles: readonly Role[];
}

export const DESTINATIONS: readonly Destination[] = [
  { to: '/', label: 'Overview', key: 'o', icon: Activity, roles: ['viewer'] },
  // Who has no role sees their own requests and those that a rule names them for.
  { to: '/approvals', label: 'Approvals', key: 'a', icon: ShieldCheck, roles: [] },
  { to: '/servers', label: 'Servers and tools', key: 's', icon: Server, roles: ['viewer'] },
  { to: '/calls', label: 'Calls', key: 'c', icon: ListTree, roles: ['auditor'] },
  { to: '/policies', label: 'Policies', key: 'p', icon: ScrollText, roles: ['auditor', 'operator'] },
  { to: '/people', label: 'People and keys', key: 'k', icon: KeyRound, roles: ['operator'] },
  { to: '/settings', label: 'Settings', key: 't', icon: Settings2, roles: ['auditor'] },
];

/** Every role contains viewer, and admin contains all. */
export function hasRole({ roles }: Pick<Session, 'roles'>, role: Role): boolean {
  return roles.includes(role) || roles.includes('admin') || (role === 'viewer' && roles.length > 0);
}

export const maySee = (session: Session, { roles }: Destination): boolean =>
  roles.length === 0 || roles.some((role) => hasRole(session, role));
