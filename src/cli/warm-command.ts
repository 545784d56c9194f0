import { Command, Option } from 'commander';
import { formatAddress, parseListen } from '../config/address.ts';
import { Problem } from '../config/errors.ts';
import { loadFileClient } from '../config/load.ts';
import { parseHost } from '../http/host.ts';
import { optionsBefore, reachable } from './admin-client.ts';
import { EXIT, fail } from './exit.ts';
import type { Io } from './io.ts';

const DEFAULT_LISTEN = '127.0.0.1:8080';
const MAX_CONCURRENCY = 256;

const EXAMPLES = `Examples:
  lb warm urls.txt                                    a URL or a path a line, # begins a comment
  lb warm https://shop.example/sitemap.xml            what a sitemap lists, and those that it names
  psql -Atc "select path from pages" | lb warm - --host shop.example
  lb warm urls.txt --header "Accept-Encoding: gzip" --header "Accept-Encoding: br"
  lb warm urls.txt --to http://10.0.0.5:8080 --concurrency 32 --rate 200
`;

interface Options {
  readonly to?: string;
  readonly host?: string;
  readonly concurrency: number;
  readonly rate?: number;
  readonly limit?: number;
  readonly header?: readonly string[];
  readonly json?: boolean;
  readonly config?: string;
}

/** `lb warm`: asks a running lb for many pages, so that they are cached before anyone wants them. */
export function warmCommand(io: Io): Command {
  const header = new Option('-H, --header <FIELD>', 'field of the requests; a name with several values fetches each');
  return new Command('warm')
    .description('Fetch what a list or a sitemap names, so that it is cached')
    .argument('<SOURCE>', 'file with a URL or a path a line, - for stdin, or the URL of a sitemap')
    .option('--to <URL>', `where lb is (LB_LISTEN, else listen of lb.json, else http://${DEFAULT_LISTEN})`)
    .option('--host <HOST>', 'Host for paths; the address of lb without')
    .option('--concurrency <N>', 'requests at a time', number('--concurrency', 1, MAX_CONCURRENCY), 8)
    .option('--rate <N>', 'requests a second at most', number('--rate', 0.01, 1e6))
    .option('--limit <N>', 'URLs at most', number('--limit', 1, Number.MAX_SAFE_INTEGER))
    .addOption(header.argParser((text, before?: readonly string[]) => [...(before ?? []), text]))
    .option('--json', 'print the summary as JSON')
    .option('-c, --config <FILE>', 'settings file of lb (default: lb.json in this folder, LB_CONFIG)')
    .addHelpText('before', EXAMPLES)
    .action(async (source: string, options: Options, command: Command) => {
      await warm(source, { ...optionsBefore(command), ...options }, io);
    });
}

async function warm(source: string, options: Options, io: Io): Promise<void> {
  const { runWarm } = await import('./warm/run.ts');
  const { variantsOf } = await import('./warm/variants.ts');
  const variants = variantsOf(options.header ?? []);
  if (typeof variants === 'string') fail(`--header ${variants}`, EXIT.usage);
  if (options.host !== undefined && parseHost(options.host) === undefined) {
    fail(`--host ${options.host}: that is no host name`, EXIT.usage);
  }
  const to = options.to === undefined ? ownAddress(options, io) : parseTo(options.to);
  const { concurrency, rate = Infinity, limit = Infinity, json = false } = options;
  await runWarm({ source, to, host: options.host ?? to.host, concurrency, rate, limit, variants, json }, io);
}

function parseTo(text: string): URL {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || url.username !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    fail(`--to ${text}: write where lb is, such as http://${DEFAULT_LISTEN}`, EXIT.usage);
  }
  return url;
}

/** Where lb listens by the environment or its file. */
function ownAddress({ config }: Options, io: Io): URL {
  const text = io.env.LB_LISTEN || undefined;
  const file =
    text === undefined ? loadFileClient({ flags: [], env: io.env, cwd: io.cwd, file: config }, ['listen']) : undefined;
  if (file?.problem) io.stderr.write(`note: ${file.problem}: listen in it may not count\n`);
  const address = file?.listen ?? parseListen(text ?? DEFAULT_LISTEN);
  if (address instanceof Problem) fail(`LB_LISTEN: ${address.message}`, EXIT.usage);
  return new URL(`http://${formatAddress(reachable(address))}`);
}

function number(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const isWhole = least < 1 || Number.isInteger(value);
    if (/^[\d.]+$/.test(text) && isWhole && value >= least && value <= most) return value;
    return fail(
      `${flag} ${text}: ${most === MAX_CONCURRENCY ? `a number from ${least} to ${most}` : `a number from ${least} up`} is wanted`,
      EXIT.usage,
    );
  };
}
