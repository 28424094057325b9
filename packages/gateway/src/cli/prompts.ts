/** Questions in a terminal. Commands ask only where somebody can answer; everywhere else there is an option. */

/** What can be asked. Each throws an Error with a sentence when the person gives up. */
export interface Prompts {
  text(question: string, initial: string, fault?: (answer: string) => string | undefined): Promise<string>;
  confirm(question: string, initial: boolean): Promise<boolean>;
  select<T extends string>(question: string, choices: readonly Choice<T>[]): Promise<T>;
  several<T extends string>(question: string, choices: readonly Choice<T>[]): Promise<readonly T[]>;
}

/** One answer that can be chosen. */
export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

/** Questions are written to standard error, so that standard output has what was asked for only. */
export async function openPrompts(): Promise<Prompts> {
  const clack = await import('@clack/prompts');
  const output = process.stderr;
  const checked = <T>(answer: T): Exclude<T, symbol> => {
    if (clack.isCancel(answer)) throw new Error('Nothing was changed.');
    return answer as Exclude<T, symbol>;
  };
  return {
    text: async (message, initialValue, fault) =>
      checked(await clack.text({ message, initialValue, output, validate: (answer = '') => fault?.(answer) })),
    confirm: async (message, initialValue) => checked(await clack.confirm({ message, initialValue, output })),
    select: async (message, choices) => {
      const answer = checked(await clack.select<string>({ message, options: optionsOf(choices), output }));
      return valueOf(choices, answer);
    },
    several: async (message, choices) => {
      const options = optionsOf(choices);
      const answers = checked(await clack.multiselect<string>({ message, options, required: false, output }));
      return answers.map((answer) => valueOf(choices, answer));
    },
  };
}

const optionsOf = <T extends string>(choices: readonly Choice<T>[]) =>
  choices.map(({ value, label, hint }) => ({ value: value as string, label, ...(hint !== undefined && { hint }) }));

function valueOf<T extends string>(choices: readonly Choice<T>[], answer: string): T {
  const chosen = choices.find(({ value }) => value === answer);
  if (chosen === undefined) throw new Error('Nothing was chosen.');
  return chosen.value;
}
