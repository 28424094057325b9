import { useQuery } from '@tanstack/react-query';
import { FileText } from 'lucide-react';
import type { ReactNode } from 'react';
import { policiesQuery } from '../../api/queries.ts';
import type { PolicyFiles } from '../../api/types.ts';
import { useHasRole } from '../../shell/session.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { useFilters } from '../../ui/filters.tsx';
import { Card, Page } from '../../ui/page.tsx';
import { Empty, Loaded, NoPermission } from '../../ui/states.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { Explain } from './explain.tsx';
import styles from './policies.module.css';

export function PoliciesPage(): ReactNode {
  const mayRead = useHasRole('auditor');
  const mayTry = useHasRole('operator');
  return (
    <Page
      title="Policies"
      lead="Who may do what. The files are in force as shown; a change of a file takes effect at once."
    >
      {!mayRead && !mayTry && <NoPermission what="the policies" roles="auditor or operator" />}
      {mayTry && <Explain />}
      {mayRead && <Files />}
    </Page>
  );
}

function Files(): ReactNode {
  const query = useQuery(policiesQuery);
  return (
    <Loaded query={query} what="the policy files" roles="auditor">
      {(policies) => <FileView policies={policies} />}
    </Loaded>
  );
}

function FileView({ policies: { revision, files } }: { readonly policies: PolicyFiles }): ReactNode {
  const [{ file }, set] = useFilters();
  const shown = files.find(({ name }) => name === file) ?? files[0];
  if (shown === undefined)
    return (
      <Empty icon={FileText} title="No policies">
        <p>Without a policy nobody may call anything. Put a .cedar file into the folder that policies names.</p>
      </Empty>
    );
  return (
    <Card
      title="Files in force"
      aside={
        <>
          Revision <Copyable value={revision} what="revision" lengthMax={24} />
        </>
      }
      flush
    >
      <div className={styles['files']}>
        <ul className={styles['names']} aria-label="Files">
          {files.map(({ name, policies: inside }) => (
            <li key={name}>
              <button
                type="button"
                aria-current={name === shown.name ? 'true' : undefined}
                onClick={() => set({ file: name, line: undefined })}
              >
                <VisibleText text={name} />
                <span className={styles['number']}>{inside.length}</span>
              </button>
            </li>
          ))}
        </ul>
        <Source file={shown} />
      </div>
    </Card>
  );
}

function Source({ file }: { readonly file: PolicyFiles['files'][number] }): ReactNode {
  const [{ line }] = useFilters();
  const begins = new Map(file.policies.map(({ line: at, effect, id }) => [at, `${effect} ${id}`]));
  return (
    <div className={styles['source']} role="group" aria-label={`Text of ${file.name}`}>
      {file.text.split('\n').map((text, index) => (
        <div
          key={index}
          className={styles['line']}
          data-policy={begins.has(index + 1) || undefined}
          data-shown={line === String(index + 1) || undefined}
        >
          <span aria-hidden className={styles['lineNumber']} data-number={index + 1} />
          <span className={styles['text']}>
            <VisibleText text={text} />
          </span>
        </div>
      ))}
    </div>
  );
}
