/** Times, people and digests of the fixtures. */
import type { Passkey } from '../src/api/types.ts';

const MINUTE_MS = 60_000;
export const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * MINUTE_MS).toISOString();
export const inMinutes = (minutes: number): string => minutesAgo(-minutes);

export const ISSUER = 'https://login.acme.example';
const person = (subject: string, name: string) => ({ issuer: ISSUER, subject, name, email: `${subject}@acme.example` });
export const ALICE = person('alice', 'Alice Moreau');
export const CAROL = person('carol', 'Carol Jensen');
export const BOB = person('bob', 'Bob Ferrari');

export const DIGEST = 'sha256:4be1b0a3d8c64c5d0f6f8f7e27b3d7aa3a52b1f6b21c2f0e7be0f7c8a1d92f53';

export const PASSKEYS: readonly Passkey[] = [
  { id: 'bGFwdG9w', name: 'Work laptop', created_at: minutesAgo(40_000), used_at: minutesAgo(35) },
  { id: 'cGhvbmU', name: 'Phone', created_at: minutesAgo(300) },
];
