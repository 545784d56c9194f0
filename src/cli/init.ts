import { writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { formatOrigin, parseOrigin } from '../config/address.ts';
import { Problem } from '../config/errors.ts';
import { reasonOf } from '../config/files.ts';
import { jsonSchema } from '../config/json-schema.ts';
import { EXIT, fail } from './exit.ts';
import type { Io } from './io.ts';

interface InitOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly origin?: string;
}

const SCHEMA_FILE = 'lb.schema.json';

/** `lb init`: writes a commented lb.json, and beside it the schema that editors complete it by. */
export function initCommand(io: Io): Command {
  return new Command('init')
    .description('Write a commented lb.json to start from')
    .addArgument(new Argument('[FILE]', 'where to').default('lb.json'))
    .option('-b, --origin <HOST:PORT>', 'the origin to put into it')
    .option('--force', 'overwrite what is there')
    .option('--dry-run', 'print the file, write nothing')
    .addHelpText('before', 'Examples:\n  lb init\n  lb init -b example.com:443\n  lb init site.json --force\n')
    .action((file: string, options: InitOptions) => {
      const text = template(options.origin ?? 'localhost:3000');
      if (options.dryRun) {
        io.stdout.write(text);
        return;
      }
      const path = resolve(io.cwd, file);
      write(path, text, options.force === true, file);
      const schema = join(dirname(path), SCHEMA_FILE);
      if (basename(path) !== SCHEMA_FILE)
        write(schema, `${JSON.stringify(jsonSchema(), null, 2)}\n`, true, SCHEMA_FILE);
      io.stderr.write(`Wrote ${file}, and ${SCHEMA_FILE} for editors. Next: lb check, then lb serve\n`);
    });
}

function write(path: string, text: string, force: boolean, name: string): void {
  try {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') fail(`${name} exists already: --force overwrites it`);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    fail(`cannot write ${name}: ${missing ? 'there is no such folder' : reasonOf(error)}`);
  }
}

function template(origin: string): string {
  const parsed = parseOrigin(origin);
  if (parsed instanceof Problem) fail(`--origin ${origin}: ${parsed.message}; ${parsed.fix}`, EXIT.usage);
  return `{
  // Editors complete and check this file by its schema. Comments and trailing commas are allowed.
  "$schema": "./${SCHEMA_FILE}",

  // Where responses come from: "HOST:PORT" (443 means TLS), a URL, or {"host": ..., "port": ..., "tls": ...}.
  "origins": ["${formatOrigin(parsed)}"],

  // Where clients connect.
  "listen": "0.0.0.0:8080",

  // Where purges, health and metrics are.
  "admin": "127.0.0.1:9900",

  "cache": {
    // A hard limit. Left out: a quarter of the memory, at most 1GB.
    // "memory": "512MB",

    // Images, fonts, scripts and styles are cached without a rule, this long where the origin does not say.
    "auto": true,
    "auto_ttl": "1h",

    // A stale response stands in when the origin fails, this long.
    "stale_if_error": "1h",

    // Parameters of advertisers and newsletters make no difference, and do not reach the origin.
    // "key": { "query_exclude": [":tracking"] },

    // Rules by path, the first that matches counts. "ttl" is for responses whose origin does not say how long.
    "static": { "match": ["*.js", "*.css", "*.woff2"], "ttl": "1d" },
    // "api": { "match": "/api/products/*", "ttl": "60s" },
  },

  "log": { "level": "info", "access": true },
}
`;
}
