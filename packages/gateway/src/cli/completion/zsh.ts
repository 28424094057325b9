/** The completion script for zsh: one function over the words before the cursor. */
import type { CompletedCommand, CompletedOption } from './words.ts';

/** @returns a script for `eval "$(sallyport completion zsh)"`, or for a file `_sallyport` in `$fpath`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const optionsWithValue = new Set(
    commands.flatMap(({ options }) => options.filter(({ value }) => value !== undefined).map(({ name }) => name)),
  );
  const paths = commands.map(({ path }) => path).filter((path) => path !== '');
  return `#compdef sallyport
# zsh completion for sallyport: eval "$(sallyport completion zsh)"
_sallyport() {
  local command_path="" previous="\${words[CURRENT - 1]}"
  local -i index=2
  while (( index < CURRENT )); do
    case "\${words[index]}" in
      ${[...optionsWithValue].join('|')}) (( index++ )) ;;
      *) case "\${command_path:+$command_path }\${words[index]}" in
        ${paths.map((path) => `"${path}"`).join('|')})
          command_path="\${command_path:+$command_path }\${words[index]}" ;;
      esac ;;
    esac
    (( index++ ))
  done
  case "$command_path $previous" in
${commands.flatMap(valueCases).join('\n')}
  esac
  case "$command_path" in
${commands.map(wordsCase).join('\n')}
  esac
}
compdef _sallyport sallyport
`;
}

function valueCases({ path, options }: CompletedCommand): readonly string[] {
  return options.flatMap((option) => {
    const reply = replyOf(option);
    return reply === undefined ? [] : [`    "${path} ${option.name}") ${reply}; return ;;`];
  });
}

function replyOf({ value }: CompletedOption): string | undefined {
  if (value === undefined) return undefined;
  if (value === 'text') return ':';
  return value === 'file' ? '_files' : `compadd -- ${value.join(' ')}`;
}

function wordsCase({ path, commands, options }: CompletedCommand): string {
  return `    "${path}") compadd -- ${[...commands, ...options.map(({ name }) => name)].join(' ')} ;;`;
}
