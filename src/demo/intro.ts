export interface Places {
  /** URLs without a slash at the end. */
  readonly lb: string;
  readonly admin: string;
  readonly origin: string;
}

/** Where `lb purge` looks without `--admin`. */
const USUAL_ADMIN = 'http://127.0.0.1:9900';

/** What the demo prints first: what runs where, and what to try. */
export function introduction({ lb, admin, origin }: Places): string {
  const purge = `./lb purge "/api/*"${admin === USUAL_ADMIN ? '' : ` --admin ${admin.replace('http://', '')}`}`;
  const lines: [command: string, meaning: string][] = [
    [`curl -i ${lb}/api/products/7`, 'twice: a miss, then a hit; origin_calls stays 1'],
    [`curl -i ${lb}/slow`, 'two seconds, then none'],
    [`curl -i ${lb}/account`, 'private: never stored'],
    [purge, 'the next product comes from the origin again'],
    [`curl ${admin}/metrics`, 'what Prometheus reads'],
  ];
  const width = Math.max(...lines.map(([command]) => command.length));
  const shown = lines.map(([command, meaning]) => `  ${command.padEnd(width)}   ${meaning}\n`).join('');
  return `A sample site runs on ${origin}, and lb in front of it.

Open ${lb}/ in a browser, or try in another terminal:

${shown}
Requests appear here as they come. Ctrl-C ends it.
`;
}
