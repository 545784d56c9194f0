/** lb and nginx, each without a firewall and with the rules of Debian's `modsecurity-crs`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Launch } from '../peers/peer.ts';
import { nginxArgv, nginxHttp, nginxPreamble } from '../peers/servers/nginx.ts';
import { missing } from '../peers/which.ts';
import { lbWithRules, MODULE, modsecurityRules } from './rules.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');
/** Texts match rules of level 4, none of which is to stop a request here. */
const THRESHOLD = 10_000;

/** What a server is started with. */
export interface Place {
  readonly dir: string;
  readonly port: number;
  readonly adminPort: number;
  readonly originPort: number;
  readonly root: boolean;
}

export interface Server {
  readonly name: string;
  readonly program: 'lb' | 'nginx';
  /** Paranoia level; undefined without a firewall. */
  readonly level: number | undefined;
  readonly launch: (place: Place) => Launch;
}

function lb(level?: number): Server {
  const launch = ({ dir, port, adminPort, originPort }: Place): Launch => {
    const config = lbWithRules(level === undefined ? undefined : { level, threshold: THRESHOLD });
    return {
      argv: [process.execPath, MAIN],
      env: {
        LB_CONFIG: join(dir, 'lb.json'),
        LB_ORIGINS: `http://127.0.0.1:${originPort}`,
        LB_LISTEN: `127.0.0.1:${port}`,
        LB_ADMIN: `127.0.0.1:${adminPort}`,
        LB_WORKERS: '1',
        LB_LOG_ACCESS: 'off',
      },
      files: { 'lb.json': JSON.stringify(config) },
    };
  };
  return { name: level === undefined ? 'lb' : `lb, level ${level}`, program: 'lb', level, launch };
}

function nginx(level?: number): Server {
  const launch = ({ dir, port, originPort, root }: Place): Launch => {
    const conf = `${level === undefined ? '' : `load_module ${MODULE};`}
${nginxPreamble(dir, root)}
http {
  ${nginxHttp(dir)}
  open_file_cache max=8000 inactive=1h;
  open_file_cache_valid 1h;
  client_body_buffer_size 64k;
  proxy_cache_path ${dir}/cache levels=1:2 keys_zone=lb:1m inactive=1d use_temp_path=off;
  proxy_cache_key $uri;
  upstream origin { server 127.0.0.1:${originPort}; keepalive 128; keepalive_requests 1000000000; }
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    ${level === undefined ? '' : `modsecurity on; modsecurity_rules_file ${dir}/rules.conf;`}
    location / { proxy_pass http://origin; proxy_cache lb; }
  }
}
`;
    const rules: Launch['files'] =
      level === undefined ? {} : { 'rules.conf': modsecurityRules({ level, threshold: THRESHOLD }) };
    return { argv: nginxArgv(dir), files: { 'nginx.conf': conf, ...rules } };
  };
  const name = level === undefined ? 'nginx' : `nginx+ModSecurity, level ${level}`;
  return { name, program: 'nginx', level, launch };
}

/** The origin: a file to be stored, and forms that are thrown away. */
export function origin({ dir, port, root }: Pick<Place, 'dir' | 'port' | 'root'>): Launch {
  const conf = `${nginxPreamble(dir, root)}
http {
  ${nginxHttp(dir)}
  client_body_buffer_size 64k;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location /hit/ { add_header Cache-Control "public, max-age=86400"; return 200 "${'0123456789abcdef'.repeat(64)}"; }
    location /form { add_header Cache-Control no-store; return 200 "taken"; }
  }
}
`;
  return { argv: nginxArgv(dir), files: { 'nginx.conf': conf } };
}

export const LB: readonly Server[] = [lb(), lb(1), lb(4)];
export const PEERS: readonly Server[] = [nginx(), nginx(1), nginx(4)];
export const PEER_PACKAGES = ['nginx', 'libnginx-mod-http-modsecurity'];

/** Why the servers cannot run here; undefined when they can. */
export function absent(servers: readonly Server[]): string | undefined {
  if (servers === LB) return existsSync(MAIN) ? undefined : `${MAIN} is not built: run sh scripts/build.sh`;
  return missing('nginx') ?? (existsSync(MODULE) ? undefined : `${MODULE} is not installed`);
}
