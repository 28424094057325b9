import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { ShieldCheck, ShieldX } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { Problem } from '../../api/client.ts';
import { proofQuery } from '../../api/queries.ts';
import type { LoggedRecord } from '../../api/types.ts';
import { verifyProof, type Verdict, type WhyNot } from '../../proof/verify.ts';
import { parseTree } from '../../text/json-tree.ts';
import { Button } from '../../ui/button.tsx';
import { Copyable } from '../../ui/copy.tsx';
import { Json, JsonValue } from '../../ui/json.tsx';
import styles from './calls.module.css';

export interface ProvenRecordProps {
  readonly record: LoggedRecord;
  readonly label: string;
}

/**
 * A record, and its proof, which is checked here, in the browser, when somebody asks for it. Then the text that was
 * proven is shown, and not what came beside it.
 */
export function ProvenRecord({ record: { log, index, record }, label }: ProvenRecordProps): ReactNode {
  const [asked, setAsked] = useState(false);
  const { scope }: { readonly scope?: string } = useSearch({ strict: false });
  const checked = useProof(log, index, scope, asked);
  const { verdict, proofKey } = checked.data ?? {};
  return (
    <>
      {verdict !== undefined && proofKey !== undefined ? (
        <Verified verdict={verdict} proofKey={proofKey} />
      ) : (
        <div className={styles['proof']}>
          <Button disabled={checked.isFetching} onClick={() => (asked ? void checked.refetch() : setAsked(true))}>
            <ShieldCheck aria-hidden /> Check the proof
          </Button>
          <span className="soft" role="status">
            {checked.error === null
              ? 'that this record is in the signed log, by this browser'
              : `No proof: ${messageOf(checked.error)}`}
          </span>
        </div>
      )}
      {verdict?.holds === true ? (
        <Json tree={parseTree(verdict.record)} label={label} />
      ) : (
        <JsonValue value={record} label={label} />
      )}
    </>
  );
}

function useProof(log: string, index: number, scope: string | undefined, enabled: boolean) {
  const proof = proofQuery(log, index, scope);
  return useQuery({
    ...proof,
    enabled,
    retry: false,
    queryFn: async (context) => {
      const read = await proof.read(context.signal);
      return { verdict: await verifyProof(read, { index }), proofKey: read.key };
    },
  });
}

const messageOf = (error: Error): string =>
  error instanceof Problem && error.status === 404 ? 'not available in this version.' : error.message;

const REASONS: Readonly<Record<WhyNot, string>> = {
  malformed: 'the proof cannot be read',
  leaf_hash_differs: 'the record does not have the hash that was logged',
  checkpoint_malformed: 'the checkpoint cannot be read',
  signature_wrong: 'the checkpoint is not signed with the key of the log',
  size_differs: 'the checkpoint is of another size than the proof',
  path_wrong: 'the path does not lead from the record to the root of the log',
  other_record: 'the proof is of another record',
};

function Verified({ verdict, proofKey }: { readonly verdict: Verdict; readonly proofKey: string }): ReactNode {
  return (
    <div className={styles['verified']} data-good={verdict.holds} role="status">
      <p className={styles['verdict']}>
        {verdict.holds ? <ShieldCheck aria-hidden /> : <ShieldX aria-hidden />}
        {verdict.holds
          ? `In the signed log ${verdict.origin} of ${verdict.size.toLocaleString('en')} records`
          : `Not proven: ${REASONS[verdict.why]}`}
      </p>
      <p>
        {verdict.holds
          ? 'This browser checked the hash, the path and the signature. Below is the text that was proven.'
          : 'Run sallyport audit verify.'}
      </p>
      <p>
        Key, to compare with one from elsewhere: <Copyable value={proofKey} what="key of the log" lengthMax={36} />
      </p>
    </div>
  );
}
