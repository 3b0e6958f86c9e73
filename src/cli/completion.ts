/** `telltale completion`: scripts for shells, made from the program itself. */

import { Argument, type Command, type Option } from 'commander';
import type { CommandModule } from './command.ts';
import { examples, printJson } from './output.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export const completionCommand: CommandModule = {
  register(program, cli) {
    program
      .command('completion')
      .description('Print the completion of commands and options for a shell.')
      .addArgument(new Argument('<shell>', 'of which shell').choices(SHELLS))
      .addHelpText(
        'after',
        `
bash: add the first line to ~/.bashrc. zsh: the second to ~/.zshrc, after compinit. fish: run the third once.
${examples([
  'source <(telltale completion bash)',
  'source <(telltale completion zsh)',
  'telltale completion fish > ~/.config/fish/completions/telltale.fish',
])}`,
      )
      .action((shell: Shell) => {
        const script = SCRIPTS[shell](program);
        if (cli.options().json) printJson(cli.io.stdout, { ok: true, shell, script });
        else cli.io.stdout.write(script);
      });
  },
};

interface Node {
  /** Of the command, a space before each word; '' for the program. */
  path: string;
  description: string;
  commands: readonly Command[];
  options: readonly Option[];
  /** What may stand for its arguments; null: none, or anything. */
  choices: readonly string[] | null;
  takesArguments: boolean;
}

function nodesOf(program: Command): Node[] {
  const nodes: Node[] = [];
  const visit = (command: Command, path: string): void => {
    const { commands, options, registeredArguments } = command;
    nodes.push({
      path,
      description: command.description(),
      commands,
      options: path === '' ? options : [...options, ...program.options],
      choices: registeredArguments[0]?.argChoices ?? null,
      takesArguments: registeredArguments.length > 0,
    });
    for (const inner of commands) visit(inner, `${path} ${inner.name()}`);
  };
  visit(program, '');
  return nodes;
}

const namesOf = ({ long, short }: Option): string[] => [long, short].filter((name) => name != null);
const takesValue = ({ required, optional }: Option): boolean => required || optional;

function bashScript(program: Command): string {
  const nodes = nodesOf(program);
  const valued = new Set(nodes.flatMap(({ options }) => options.filter(takesValue).flatMap(namesOf)));
  const paths = nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => `      '${path}') path='${path}' ;;`);
  const choices = nodes.flatMap(({ path, options }) =>
    options
      .filter(({ argChoices }) => argChoices !== undefined)
      .map((option) => `    '${path} ${option.long}') words='${option.argChoices!.join(' ')}' ;;`),
  );
  const words = nodes.map((node) => {
    const all = [
      ...node.commands.map((command) => command.name()),
      ...(node.choices ?? []),
      ...node.options.map(({ long }) => long),
      '--help',
    ];
    const files = node.takesArguments && node.choices === null ? ' files=1' : '';
    return `      '${node.path}') words='${all.join(' ')}'${files} ;;`;
  });
  return `# telltale: completion for bash
_telltale() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local path='' words='' files='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${[...valued].join('|')}) ((i++)); continue ;;
    esac
    case "$path \${COMP_WORDS[i]}" in
${paths.join('\n')}
    esac
  done
  COMPREPLY=()
  case "$path $previous" in
${choices.join('\n')}
  esac
  if [[ -z $words ]]; then
    case "$previous" in
      ${[...valued].join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    esac
    case "$path" in
${words.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ -n $files ]] && COMPREPLY+=($(compgen -f -- "$current"))
  return 0
}
complete -F _telltale telltale
`;
}

/** zsh runs the completions of bash. */
const zshScript = (program: Command): string =>
  `#compdef telltale\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`;

function fishScript(program: Command): string {
  const quote = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const lines = ['# telltale: completion for fish', 'complete -c telltale -f'];
  for (const { path, commands, options, choices, takesArguments } of nodesOf(program)) {
    const words = path
      .trim()
      .split(' ')
      .filter((word) => word !== '');
    const here =
      words.length === 0 ? '' : words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
    const names = commands.map((command) => command.name()).join(' ');
    const before = names === '' ? '' : `not __fish_seen_subcommand_from ${names}`;
    const none = [here, before].filter((condition) => condition !== '').join('; and ');
    for (const command of commands)
      lines.push(
        `complete -c telltale -n ${quote(none)} -a ${command.name()} -d ${quote(command.description())}`,
      );
    const condition = here === '' ? '' : ` -n ${quote(here)}`;
    if (choices !== null) lines.push(`complete -c telltale${condition} -a ${quote(choices.join(' '))}`);
    else if (takesArguments) lines.push(`complete -c telltale${condition} -F`);
    for (const option of options) {
      if (words.length > 0 && program.options.includes(option)) continue;
      const value = takesValue(option)
        ? option.argChoices
          ? ` -x -a ${quote(option.argChoices.join(' '))}`
          : ' -r -F'
        : '';
      lines.push(
        `complete -c telltale${condition} -l ${option.long!.slice(2)}${value} -d ${quote(option.description)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const SCRIPTS: Readonly<Record<Shell, (program: Command) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};
