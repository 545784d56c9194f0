import { Argument, Command, type Option } from 'commander';
import type { Io } from './io.ts';

/** One command or subcommand: what may follow it. */
interface Node {
  /** Words from the program's name on: `lb config print`. */
  readonly words: readonly string[];
  readonly commands: readonly { name: string; description: string }[];
  readonly options: readonly Option[];
}

type Shell = 'bash' | 'zsh' | 'fish';

/** `lb completion`: a script for the shell, made from the program itself. */
export function completionCommand(io: Io): Command {
  return new Command('completion')
    .description('Print a script that completes commands and flags')
    .addArgument(new Argument('<SHELL>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'before',
      'Examples:\n  lb completion bash > ~/.local/share/bash-completion/completions/lb\n  lb completion zsh > ~/.zfunc/_lb\n  lb completion fish > ~/.config/fish/completions/lb.fish\n',
    )
    .action((shell: Shell, _options: unknown, command: Command) => {
      io.stdout.write(completionScript(shell, command.parent ?? command));
    });
}

/** The completion script of a program for a shell. */
export function completionScript(shell: Shell, program: Command): string {
  const nodes = collect(program, []);
  if (shell === 'fish') return fish(nodes);
  return shell === 'zsh' ? zsh(nodes) : bash(nodes);
}

function collect(command: Command, before: readonly string[]): Node[] {
  const words = [...before, command.name()];
  const help = command.createHelp();
  const commands = help.visibleCommands(command).map((sub) => ({ name: sub.name(), description: sub.description() }));
  const node = { words, commands, options: help.visibleOptions(command) };
  return [node, ...command.commands.flatMap((sub) => collect(sub, words))];
}

function flagsOf(option: Option): string[] {
  return [option.short, option.long].filter((flag) => typeof flag === 'string');
}

/** Cases by the words typed so far, flags left out: `"lb config print") ... ;;`. */
function cases(nodes: readonly Node[], body: (node: Node) => string): string {
  return nodes.map((node) => `    "${node.words.join(' ')}") ${body(node)} ;;`).join('\n');
}

/** Appends a word to `path` when it leads to a subcommand. */
function descend(nodes: readonly Node[]): string {
  const known = nodes.slice(1).map((node) => `"${node.words.join(' ')}"`);
  return `case "$path $word" in ${known.join('|')}) path="$path $word" ;; esac`;
}

function bash(nodes: readonly Node[]): string {
  const candidates = (node: Node) =>
    `words="${[...node.commands.map(({ name }) => name), ...node.options.flatMap(flagsOf)].join(' ')}"`;
  return `# bash completion for lb
_lb() {
  local path=lb word words="" current="\${COMP_WORDS[COMP_CWORD]}" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    ${descend(nodes)}
  done
  case "$path" in
${cases(nodes, candidates)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _lb lb
`;
}

function zsh(nodes: readonly Node[]): string {
  const entry = (name: string, description: string) => `'${name}:${description.replace(/'/g, "'\\''")}'`;
  const candidates = (node: Node) => {
    const commands = node.commands.map(({ name, description }) => entry(name, description));
    const options = node.options.flatMap((option) => flagsOf(option).map((flag) => entry(flag, option.description)));
    return `choices=(${[...commands, ...options].join(' ')})`;
  };
  return `#compdef lb
_lb() {
  local path_words=lb word
  local -a choices
  for word in \${words[2,CURRENT-1]}; do
    ${descend(nodes).replaceAll('$path', '$path_words').replaceAll('path="', 'path_words="')}
  done
  case "$path_words" in
${cases(nodes, candidates)}
  esac
  _describe 'lb' choices
  _files
}
if [ "$funcstack[1]" = "_lb" ]; then _lb "$@"; else compdef _lb lb; fi
`;
}

function fish(nodes: readonly Node[]): string {
  const quote = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
  const lines: string[] = ['# fish completion for lb'];
  for (const node of nodes) {
    const names = node.commands.map(({ name }) => name).join(' ');
    const seen = node.words.slice(1).map((word) => `__fish_seen_subcommand_from ${word}`);
    const none = names && `not __fish_seen_subcommand_from ${names}`;
    const condition = quote([...seen, none].filter(Boolean).join('; and '));
    for (const { name, description } of node.commands) {
      lines.push(`complete -c lb -n ${condition} -a ${name} -d ${quote(description)}`);
    }
    for (const option of node.options) {
      const short = option.short ? ` -s ${option.short.slice(1)}` : '';
      const long = option.long ? ` -l ${option.long.slice(2)}` : '';
      const value = option.required ? ' -r' : '';
      lines.push(`complete -c lb -n ${condition}${short}${long}${value} -d ${quote(option.description)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
