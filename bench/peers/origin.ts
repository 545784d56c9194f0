import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MISS_BODY, STALE_PROBE } from './bodies.ts';
import { get } from './fetch.ts';
import type { Launch } from './peer.ts';
import { nginxArgv, nginxHttp, nginxPreamble } from './servers/nginx.ts';

/** Where the origin writes the status of each answer to `STALE_PROBE`, one a line. */
const PROBE_LOG = 'probe.log';

/** The origin in front of which every server stands: an nginx that serves small files and constant answers. */
export function originLaunch(dir: string, bodies: string, port: number, root: boolean): Launch {
  const conf = `${nginxPreamble(dir, root)}
http {
  ${nginxHttp(dir)}
  sendfile on;
  log_format status '$status';
  open_file_cache max=1000 inactive=1h;
  open_file_cache_valid 1h;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /status { stub_status; }
    location /hit/ { root ${bodies}; add_header Cache-Control "public, max-age=86400"; }
    location /text/ { root ${bodies}; gzip_static on; gzip_proxied any; gzip_vary on; add_header Cache-Control "public, max-age=86400"; }
    location ~ "^/many/\\d+$" { alias ${bodies}/hit/1k; add_header Cache-Control "public, max-age=86400"; }
    location ~ "^/stale/\\d+$" { alias ${bodies}/hit/1k; add_header Cache-Control "public, max-age=1"; }
    location = ${STALE_PROBE} {
      alias ${bodies}/hit/1k;
      add_header Cache-Control "public, max-age=1";
      access_log ${join(dir, PROBE_LOG)} status;
    }
    location /miss/ { add_header Cache-Control no-store; return 200 "${MISS_BODY.toString()}"; }
    location ~ "^/disk/(\\w+)/\\d+$" {
      alias ${bodies}/disk/$1;
      add_header Cache-Control "public, max-age=86400";
      add_header X-Object $uri;
    }
    location ~ "^/zipf/\\d*(\\d)$" {
      alias ${bodies}/zipf/$1;
      add_header Cache-Control "public, max-age=86400";
      add_header X-Object $uri;
    }
  }
}
`;
  return { argv: nginxArgv(dir), files: { 'nginx.conf': conf } };
}

const SETTLE_TRIES = 100;
const SETTLE_QUIET = 3;
const SETTLE_PAUSE_MS = 20;

/** Counts what reaches the origin; its own questions are left out. */
export class OriginCounter {
  readonly #port: number;
  readonly #dir: string;
  #own = 0;

  constructor(port: number, dir: string) {
    this.#port = port;
    this.#dir = dir;
  }

  /** Statuses of its answers to `STALE_PROBE` so far. */
  probes(): number[] {
    const lines = readFileSync(join(this.#dir, PROBE_LOG), 'latin1').split('\n');
    return lines.filter(Boolean).map(Number);
  }

  /** Waits until nothing reaches the origin any more, such as what a server still works off after its clients left. */
  async settle(): Promise<number> {
    let last = await this.read();
    let quiet = 0;
    for (let tries = 0; quiet < SETTLE_QUIET && tries < SETTLE_TRIES; tries++) {
      await sleep(SETTLE_PAUSE_MS);
      const now = await this.read();
      quiet = now === last ? quiet + 1 : 0;
      last = now;
    }
    return last;
  }

  /** Requests that the origin has answered so far. */
  async read(): Promise<number> {
    const { body } = await get(this.#port, '/status');
    this.#own++;
    const requests = /^ \d+ \d+ (\d+)/m.exec(body.toString('latin1'))?.[1];
    if (requests === undefined) throw new Error('the origin does not tell its request count');
    return Number(requests) - this.#own;
  }
}
