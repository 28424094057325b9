/** The completion script for bash (3.2 and newer): one function, without the bash-completion package. */
import type { CompletedCommand, CompletedOption } from './words.ts';

/** @returns a script for `eval "$(sallyport completion bash)"`. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const optionsWithValue = new Set(
    commands.flatMap(({ options }) => options.filter(({ value }) => value !== undefined).map(({ name }) => name)),
  );
  const paths = commands.map(({ path }) => path).filter((path) => path !== '');
  return `# bash completion for sallyport: eval "$(sallyport completion bash)"
_sallyport() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" path="" index=1
  while [ "$index" -lt "$COMP_CWORD" ]; do
    case "\${COMP_WORDS[index]}" in
      ${[...optionsWithValue].join('|')}) index=$((index + 1)) ;;
      *) case "\${path:+$path }\${COMP_WORDS[index]}" in
        ${paths.map(quoted).join('|')}) path="\${path:+$path }\${COMP_WORDS[index]}" ;;
      esac ;;
    esac
    index=$((index + 1))
  done
  case "$path $previous" in
${commands.flatMap(valueCases).join('\n')}
  esac
  local words=""
  case "$path" in
${commands.map(wordsCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _sallyport sallyport
`;
}

const quoted = (text: string): string => `"${text}"`;

function valueCases({ path, options }: CompletedCommand): readonly string[] {
  return options.flatMap((option) => {
    const reply = replyOf(option);
    return reply === undefined ? [] : [`    "${path} ${option.name}") ${reply}; return ;;`];
  });
}

function replyOf({ value }: CompletedOption): string | undefined {
  if (value === undefined) return undefined;
  if (value === 'text') return 'COMPREPLY=()';
  if (value === 'file') return 'COMPREPLY=($(compgen -f -- "$word"))';
  return `COMPREPLY=($(compgen -W "${value.join(' ')}" -- "$word"))`;
}

function wordsCase({ path, commands, options }: CompletedCommand): string {
  return `    "${path}") words="${[...commands, ...options.map(({ name }) => name)].join(' ')}" ;;`;
}
