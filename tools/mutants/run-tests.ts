/** Asks `judge.ts` for verdicts, and replaces it when it does not answer. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Question, Verdict as Answer } from './judge.ts';

export type Verdict = Answer | 'too long';

export interface Judge {
  ask(question: Question): Promise<Verdict>;
  end(): void;
}

/** A change that makes a test wait for ever counts as noticed, after this time. */
const ANSWER_MS_MAX = 4 * 60_000;
/** Then a new process begins, so that nothing that tests left behind adds up. */
const QUESTIONS_MAX = 60;

export function createJudge(folder: string): Judge {
  let judge: Promise<ChildProcess> | undefined;
  let current: ChildProcess | undefined;
  let questions = 0;
  // Files are put back after a verdict, so the next question has to read them anew too.
  let putBack: readonly string[] = [];
  const end = (): void => {
    if (current?.pid !== undefined) endGroup(current.pid);
    judge = undefined;
    questions = 0;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      end();
      process.exit(130);
    });
  return {
    end,
    async ask(question) {
      if (++questions > QUESTIONS_MAX) end();
      judge ??= startJudge(folder);
      current = await judge;
      const verdict = await answerOf(current, { ...question, changed: [...putBack, ...question.changed] });
      putBack = question.changed;
      if (verdict === 'too long') end();
      return verdict;
    },
  };
}

/** In a process group of its own, so that what a test started ends with it. */
function startJudge(folder: string): Promise<ChildProcess> {
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>();
  const child = fork(join(fileURLToPath(new URL('judge.ts', import.meta.url))), {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  });
  child.once('message', () => resolve(child));
  child.once('exit', (code) => reject(new Error(`the process that runs tests ended at its start (${code})`)));
  return promise;
}

function answerOf(judge: ChildProcess, question: Question): Promise<Verdict> {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const timer = setTimeout(resolve, ANSWER_MS_MAX, 'too long');
  const answered = (verdict: Answer): void => resolve(verdict);
  const ended = (): void => resolve('too long');
  judge.once('message', answered).once('exit', ended);
  judge.send(question);
  return promise.finally(() => {
    clearTimeout(timer);
    judge.off('message', answered).off('exit', ended);
  });
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
