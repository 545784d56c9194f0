import { Command, Option } from 'commander';
import { EXIT, fail } from './exit.ts';
import type { Io } from './io.ts';

const INSTALL_EXAMPLES = `Examples:
  lb waf install                                          the latest release, from its publisher
  lb waf install --from v4.10.0                           that release
  lb waf install --from crs.tar.gz --sha256 9f86d0...     an archive that is at hand
  lb waf install --from https://example.com/crs.tar.gz --sha256 9f86d0...
  lb waf install --from /usr/share/modsecurity-crs        a folder
`;

const RULES_EXAMPLES = `Examples:
  lb waf rules                          every rule, with what lb.json says of them
  lb waf rules --tag attack-sqli --level 2
  lb waf rules 942100 920000-920999
  lb waf rules --phase 4 --json | jq -r '.[].id'
`;

const TEST_EXAMPLES = `Examples:
  lb waf test "https://shop.example/search?q=1' or 1=1--"
  lb waf test curl https://shop.example/login -d user=a -d pass=b -H "X-App: 2"
  lb waf test --site shop --mode block 'curl /upload -F "file=@photo.jpg" -b "sid=42"'
  lb waf test --level 3 --json /path | jq .scores.inbound
  lb waf test --raw request.txt --response answer.txt      as they went over the wire

lb's own options stand in front of the request, or behind one that is in quotes as a whole.
The exit code is 0 where the request passes, 1 where it or the response would be refused, 2 for
wrong use, a wrong configuration or wrong rules.
`;

export interface InstallOptions {
  readonly from?: string;
  readonly sha256?: string;
  readonly to?: string;
  readonly json?: boolean;
  readonly config?: string;
}

export interface RulesOptions {
  readonly tag?: string;
  readonly phase?: number;
  readonly level?: number;
  readonly severity?: string;
  readonly path?: string;
  readonly site?: string;
  readonly json?: boolean;
  readonly config?: string;
}

export interface TryOptions {
  readonly site?: string;
  readonly mode?: 'block' | 'log';
  readonly level?: number;
  readonly client?: string;
  readonly raw?: string;
  readonly response?: string;
  readonly json?: boolean;
  readonly config?: string;
}

/** `lb waf`: the rule set of the web application firewall. */
export function wafCommand(io: Io): Command {
  return new Command('waf')
    .description('Rules of the web application firewall: install a rule set, list its rules, test requests')
    .addHelpText(
      'before',
      'Examples:\n  lb waf install\n  lb waf rules --tag attack-sqli\n  lb waf test "/search?q=<script>"\n',
    )
    .enablePositionalOptions()
    .addCommand(installCommand(io))
    .addCommand(rulesCommand(io))
    .addCommand(testCommand(io));
}

function installCommand(io: Io): Command {
  return new Command('install')
    .description('Put a release of the OWASP Core Rule Set where lb finds it')
    .option('--from <SOURCE>', 'folder, .tar.gz, URL or version; the latest release without')
    .option('--sha256 <HEX>', 'SHA-256 of the archive; it must be that')
    .option('--to <DIR>', 'folder for the rules (default: waf/owasp-core in data_dir)')
    .option('--json', 'print the result as JSON')
    .option('-c, --config <FILE>', 'settings file of lb (default: lb.json in this folder, LB_CONFIG)')
    .addHelpText('before', INSTALL_EXAMPLES)
    .action(async (options: InstallOptions, command: Command) => {
      const { installRules } = await import('./waf/install.ts');
      await installRules({ ...before(command), ...options }, io);
    });
}

function rulesCommand(io: Io): Command {
  return new Command('rules')
    .description('List the rules that requests are checked against')
    .argument('[IDS...]', 'ids and ranges of them; every rule without')
    .option('--tag <TAG>', 'only rules with a tag that has this text in it')
    .option('--phase <N>', 'only rules of this phase, 1 to 5', number('--phase', 1, 5))
    .option('--level <N>', 'only rules that run up to this paranoia level', number('--level', 1, 4))
    .option('--severity <NAME>', 'only rules of this severity, such as critical')
    .option('--path <DIR>', 'folder of the rule set, in place of addons.waf.path')
    .option('--site <NAME>', 'site whose settings count; the first with a WAF without')
    .option('--json', 'print the rules as JSON')
    .option('-c, --config <FILE>', 'settings file of lb (default: lb.json in this folder, LB_CONFIG)')
    .addHelpText('before', RULES_EXAMPLES)
    .action(async (ids: string[], options: RulesOptions, command: Command) => {
      const { listRules } = await import('./waf/rules.ts');
      listRules(ids, { ...before(command), ...options }, io);
    });
}

function testCommand(io: Io): Command {
  return new Command('test')
    .description('Tell what lb would make of a request, written as for curl, and which rules fire')
    .argument('[REQUEST...]', 'URL or path, and options of curl')
    .option('--site <NAME>', 'site; without, the one of the host')
    .addOption(new Option('--mode <MODE>', 'mode of the WAF, in place of that of lb.json').choices(['block', 'log']))
    .option('--level <N>', 'paranoia level, in place of that of lb.json', number('--level', 1, 4))
    .option('--client <ADDRESS>', 'address that the request comes from (default: 127.0.0.1)')
    .option('--raw <FILE>', 'file with the request as it goes over the wire; - is stdin')
    .option('--response <FILE>', 'file with what the origin answers')
    .option('--json', 'print all of it as JSON')
    .option('-c, --config <FILE>', 'settings file of lb (default: lb.json in this folder, LB_CONFIG)')
    .addHelpText('before', TEST_EXAMPLES)
    .passThroughOptions()
    .allowUnknownOption()
    .action(async (words: string[], _options: TryOptions, command: Command) => {
      const request = ownOptions(words, command);
      const { tryRequest } = await import('./waf/try-request.ts');
      tryRequest(request, { ...before(command), ...command.opts<TryOptions>() }, io);
    });
}

/** Behind a request that is one word, options are lb's too. @returns the words of the request */
function ownOptions(words: string[], command: Command): string[] {
  const [first = '', ...rest] = words;
  const isWhole = /\s/.test(first) || !/^(?:curl$|-)/.test(first);
  if (!isWhole || rest.length === 0 || !command.options.some(({ long, short }) => [long, short].includes(rest[0])))
    return words;
  if (rest[0] === '--json' && rest.length > 1 && !rest[1].startsWith('-')) return words;
  const { operands, unknown } = command.parseOptions(rest);
  const [left] = [...operands, ...unknown];
  if (left !== undefined) fail(`${left}: lb's own options stand in front of the request, or all behind it`, EXIT.usage);
  return [first];
}

/** `-c` may also stand before `waf`. */
function before(command: Command): { config?: string } {
  return command.parent?.parent?.opts<{ config?: string }>() ?? {};
}

function number(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    return fail(`${flag} ${text}: a number from ${least} to ${most} is wanted`, EXIT.usage);
  };
}
