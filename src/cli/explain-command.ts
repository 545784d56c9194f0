import { Command, Option } from 'commander';
import type { Explanation } from '../explain/types.ts';
import { type AdminOptions, addAdminOptions, askAdmin, findAdmin, optionsBefore } from './admin-client.ts';
import { EXIT, fail } from './exit.ts';
import { explanationText } from './explain-text.ts';
import { hasColor, type Io } from './io.ts';

const EXAMPLES = `Examples:
  lb explain https://shop.example/app.js
  lb explain https://shop.example/ -H "Accept-Encoding: br" -H "Accept-Language: de"
  lb explain http://127.0.0.1:8080/page -H "Host: shop.example"
  lb explain /page --json | jq .decision
`;

interface Options extends AdminOptions {
  readonly header?: readonly string[];
  readonly method?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** `lb explain`: what a running lb would do with a request, and why. */
export function explainCommand(io: Io): Command {
  const header = new Option('-H, --header <FIELD>', 'field of the request, such as "Accept-Encoding: br"');
  const command = new Command('explain')
    .description('Say what lb would do with a request, and why')
    .argument('<URL>', 'URL as clients ask for it, or a path on the address where lb listens')
    .addOption(header.argParser((text, before?: readonly string[]) => [...(before ?? []), text]))
    .option('-X, --method <METHOD>', 'method of the request (default: GET, with a body POST)')
    .option('-d, --data <TEXT>', 'body of the request, where a rule caches by it')
    .option('--json', 'print all of it as JSON')
    .addHelpText('before', EXAMPLES)
    .action(async (url: string, options: Options, command: Command) => {
      await explain(url, { ...optionsBefore(command), ...options }, io);
    });
  return addAdminOptions(command);
}

async function explain(url: string, options: Options, io: Io): Promise<void> {
  const path = adminPath(url, options);
  if (path.length > MAX_PATH) fail('URL and fields together are too long', EXIT.usage);
  const answer = await askAdmin(findAdmin(options, io), { method: 'GET', path }, url);
  const text = options.json
    ? `${JSON.stringify(answer, null, 2)}\n`
    : explanationText(answer as unknown as Explanation, hasColor(io.stdout, io.env));
  io.stdout.write(text);
}

/** What the admin listener takes. */
const MAX_PATH = 14_000;

function adminPath(url: string, { method, header = [], data }: Options): string {
  const ascii = url.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
  const parameters = new URLSearchParams({ url: ascii, method: method ?? (data === undefined ? 'GET' : 'POST') });
  for (const field of header) parameters.append('header', field);
  if (data !== undefined) parameters.append('body', data);
  return `/explain?${parameters.toString()}`;
}
