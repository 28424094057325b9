import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { change, Problem } from '../../api/client.ts';
import type { Explanation, Trial } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Field, inputClass } from '../../ui/field.tsx';
import { Card, Notice } from '../../ui/page.tsx';
import { ExplanationView, TrialView } from './answers.tsx';
import styles from './policies.module.css';
import { EMPTY_QUESTION, questionOf, type Question } from './question.ts';

type Answer =
  | { readonly kind: 'explained'; readonly explanation: Explanation }
  | { readonly kind: 'tried'; readonly trial: Trial };

async function ask(question: Question, how: 'explain' | 'try'): Promise<Answer> {
  const body = questionOf(question);
  if (how === 'explain')
    return { kind: 'explained', explanation: await change<Explanation>('POST', '/policies/explain', { body }) };
  return { kind: 'tried', trial: await change<Trial>('POST', '/policies/try', { body }) };
}

/** Asks what the policies say of a call, or tries the whole pipeline; nothing is executed. */
export function Explain(): ReactNode {
  const [question, setQuestion] = useState(EMPTY_QUESTION);
  const answer = useMutation({ mutationFn: (how: 'explain' | 'try') => ask(question, how) });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    answer.mutate('explain');
  };
  return (
    <Card title="Explain or try a call" aside="nothing is executed">
      <form className={styles['question']} onSubmit={submit}>
        <Fields question={question} set={(next) => setQuestion({ ...question, ...next })} />
        <div className={styles['ask']}>
          <Button type="submit" look="primary" disabled={answer.isPending}>
            Explain
          </Button>
          <Button disabled={answer.isPending} onClick={() => answer.mutate('try')}>
            Try the whole pipeline
          </Button>
        </div>
      </form>
      <div role="status" className={styles['answer']}>
        {answer.error !== null && <Notice tone="bad" title={messageOf(answer.error)} />}
        {answer.data?.kind === 'explained' && <ExplanationView explanation={answer.data.explanation} />}
        {answer.data?.kind === 'tried' && <TrialView trial={answer.data.trial} />}
      </div>
    </Card>
  );
}

function messageOf(error: Error): string {
  if (error instanceof SyntaxError) return 'The arguments are not valid JSON.';
  if (error instanceof Problem && error.status === 404) return 'Not available in this version: use sallyport check.';
  return error.message;
}

const TEXT_FIELDS = [
  ['subject', 'User', 'alice'],
  ['issuer', 'Issuer (optional)', ''],
  ['roles', 'Roles', 'staff, finance'],
  ['groups', 'Groups', ''],
  ['agent', 'Agent (optional)', ''],
  ['server', 'Server', 'payments'],
  ['name', 'Tool', 'refund'],
] as const;

interface FieldsProps {
  readonly question: Question;
  readonly set: (next: Partial<Question>) => void;
}

function Fields({ question, set }: FieldsProps): ReactNode {
  return (
    <>
      <div className={styles['fields']}>
        {TEXT_FIELDS.map(([name, label, example]) => (
          <Field key={name} label={label}>
            {(ids) => (
              <input
                {...ids}
                className={inputClass}
                value={question[name]}
                placeholder={example}
                required={name === 'subject' || name === 'server' || name === 'name'}
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => set({ [name]: event.target.value })}
              />
            )}
          </Field>
        ))}
      </div>
      <Field label="Arguments (JSON)">
        {(ids) => (
          <textarea
            {...ids}
            className={`${inputClass ?? ''} mono`}
            rows={3}
            spellCheck={false}
            value={question.arguments}
            onChange={(event) => set({ arguments: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}
