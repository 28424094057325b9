import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Explanation } from '../api/types.ts';
import { VisibleText } from './visible-text.tsx';

/** A policy that decided, with a link to its line. */
export function DecidingPolicy({ policy }: { readonly policy: Explanation['policies'][number] }): ReactNode {
  const { id, effect, file, line } = policy;
  return (
    <>
      <span className="soft">{effect}</span>{' '}
      {file === undefined ? (
        <VisibleText text={id} />
      ) : (
        <Link to="/policies" search={{ file, ...(line !== undefined && { line: String(line) }) }}>
          <VisibleText text={`${id} (${file}${line === undefined ? '' : `:${String(line)}`})`} />
        </Link>
      )}
    </>
  );
}
