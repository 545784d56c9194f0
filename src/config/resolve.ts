/** Flags over environment over lb.json over defaults, put together into one `Config`, with checks across settings. */

import { availableParallelism, totalmem } from 'node:os';
import { formatAddress, isLoopback } from './address.ts';
import type { Address, Config, OriginConfig } from './config.ts';
import type { ErrorList } from './errors.ts';
import type { Field } from './field-values.ts';
import type { FileSettings } from './file.ts';
import { IdleSettings } from './idle-settings.ts';
import { emptyLayer, type Layer } from './layer.ts';
import { Picker, type Provenance } from './picker.ts';
import { checkAddresses, resolveAcme, resolveLimits, resolveTls } from './resolve-clients.ts';
import { resolveDisk } from './resolve-disk.ts';
import { resolveSite } from './resolve-site.ts';
import { checkSources, hasSource, reportNoOrigin } from './resolve-sources.ts';

/** Everything that the settings come from. */
export interface Sources {
  readonly flags: Layer;
  readonly env: Layer;
  readonly file: FileSettings | undefined;
  /** The file's name, where there is one. */
  readonly fileName: string | undefined;
  /** Where data go when no source says. */
  readonly dataDir: string;
}

/** The configuration; usable only when nothing went to `errors`. */
export function resolve(
  sources: Sources,
  errors: ErrorList,
): { config: Config; notes: Provenance[]; announcements: string[] } {
  const { flags, env, file } = sources;
  const notes: Provenance[] = [];
  const announcements: string[] = [];
  const top = file?.top ?? emptyLayer();
  const pick = new Picker([flags, env, top], '', notes);
  const [listen, ...listenMore] = pick.items<Address>('listen');
  const acme = resolveAcme(pick, errors);
  const config: Config = {
    listen,
    listenMore,
    proxyProtocol: pick.list('proxy_protocol'),
    trustedProxies: pick.list('trusted_proxies'),
    h2c: pick.boolean('h2c'),
    tls: resolveTls(pick, acme, errors),
    acme,
    limits: resolveLimits(pick),
    dns: {
      servers: pick.list('dns.servers'),
      minTtl: pick.number('dns.min_ttl'),
      maxTtl: pick.number('dns.max_ttl'),
    },
    tracing: {
      endpoint: pick.maybe('tracing.endpoint'),
      sample: pick.number('tracing.sample'),
      serviceName: pick.text('tracing.service_name'),
      headers: pick.items<Field>('tracing.headers').map(([name, value]) => `${name}: ${value}`),
    },
    dataDir: pick.value('data_dir', 'data_dir', sources.dataDir) as string,
    watch: pick.boolean('watch'),
    admin: pick.address('admin'),
    adminToken: pick.value('admin_token') as string | undefined,
    workers: pick.number('workers', 'workers', defaultWorkers()),
    maxRequestHeader: pick.number('max_request_header'),
    maxRequestBody: pick.number('max_request_body'),
    shutdownTimeout: pick.number('shutdown_timeout'),
    backgroundCpu: pick.number('background_cpu'),
    log: {
      level: pick.text('log.level') as Config['log']['level'],
      access: pick.boolean('log.access'),
      sample: pick.number('log.sample'),
      redact: pick.list('log.redact'),
    },
    cache: {
      memory: pick.number('cache.memory', 'cache.memory', defaultMemory()),
      eviction: pick.text('cache.eviction') as Config['cache']['eviction'],
    },
    disk: resolveDisk(pick, errors),
    geo: { database: pick.value('geo.database') as string | undefined },
    multiTenant: pick.boolean('multi_tenant'),
    sites: [],
  };
  checkAddresses(config, pick, sources.fileName, errors);
  checkDns(config, pick, errors);
  const idle = new IdleSettings();
  idle.lookAt(config, pick);
  const described = describeSites(sources, errors);
  for (const { name, hosts, layers, prefix } of described) {
    const sitePick = new Picker(layers, prefix, notes);
    config.sites.push(resolveSite(name, config.sites.length, hosts, sitePick, layers, announcements, errors));
    checkOrigins(config, sitePick, errors);
    checkTenants(config, sitePick, errors);
    idle.lookAtSite(config.sites[config.sites.length - 1], sitePick);
  }
  announcements.push(...idle.announcements());
  const [https] = config.tls.listen;
  for (const site of config.sites) {
    site.redirectPorts = { http: [listen, ...listenMore].map(({ port }) => port), https: https?.port ?? 443 };
    if (https !== undefined || config.trustedProxies.length > 0) continue;
    if (site.httpsRedirect)
      announcements.push('https_redirect sends clients to port 443, where lb itself does not listen');
    if (site.hsts !== undefined)
      announcements.push(
        'hsts does nothing: it is for answers over TLS, and without a certificate lb does not listen with TLS',
      );
  }
  checkHosts(config, file, errors);
  if (config.adminToken && config.adminToken.length < SHORT_TOKEN) {
    announcements.push('the admin token is short and could be guessed: `openssl rand -hex 16` makes a good one');
  }
  return { config, notes, announcements: [...new Set(announcements)] };
}

/** Characters under which a token is called short. */
const SHORT_TOKEN = 16;

interface SiteSources {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly layers: readonly Layer[];
  readonly prefix: string;
}

/** The sites to make: one for every host, or those under `sites`. */
function describeSites(sources: Sources, errors: ErrorList): SiteSources[] {
  const { flags, env, file } = sources;
  const top = file?.top ?? emptyLayer();
  if (!file?.sites) {
    const pick = new Picker([flags, env, top], '', []);
    if (!hasSource(pick)) reportNoOrigin(sources.fileName, errors);
    checkSources([flags, env, top], errors);
    return [{ name: 'default', hosts: ['*'], layers: [flags, env, top], prefix: '' }];
  }
  for (const layer of [flags, env, top]) {
    for (const path of ['origins', 'static_root']) {
      const given = layer.values.get(path);
      if (given)
        errors.add(
          given.place,
          `${path} and "sites" cannot stand together`,
          `give each site its own "${path}" inside "sites"`,
        );
    }
  }
  return file.sites.map((site) => {
    const layers = [flags, env, site.layer, top];
    const own = new Picker([site.layer], '', []);
    const place = own.findObject('');
    if (place && !hasSource(own)) {
      const fix = 'add "origins": ["HOST:PORT"] or "static_root": "FOLDER" to it';
      errors.add(place, `the site ${site.name} has no origins`, fix);
    }
    checkSources([site.layer], errors);
    const aliases = (site.layer.values.get('hosts')?.value ?? []) as string[];
    return { name: site.name, hosts: [site.name, ...aliases], layers, prefix: `sites["${site.name}"].` };
  });
}

function checkDns({ dns }: Config, pick: Picker, errors: ErrorList): void {
  const place = pick.find('dns.min_ttl')?.place ?? pick.find('dns.max_ttl')?.place;
  if (place && dns.minTtl > dns.maxTtl)
    errors.add(place, 'dns.min_ttl is longer than dns.max_ttl', 'give a shorter min_ttl or a longer max_ttl');
}

/** An origin where lb itself listens would have lb ask itself. */
function checkOrigins(config: Config, pick: Picker, errors: ErrorList): void {
  const place = pick.find('origins')?.place;
  const listeners = [config.listen, ...config.listenMore, ...config.tls.listen];
  const isOwn = (origin: OriginConfig) => listeners.some((listen) => reachesListener(origin, listen));
  const own = config.sites.at(-1)?.origins.find(isOwn);
  if (!own || !place) return;
  const { listen } = config;
  errors.add(
    place,
    `the origin ${formatAddress(own)} is where lb itself listens`,
    `give the origin's own port, or listen on another: --listen :${listen.port === 65535 ? 8080 : listen.port + 1}`,
  );
}

/** Whoever writes a site and is a stranger must not have the files of this machine. */
function checkTenants(config: Config, pick: Picker, errors: ErrorList): void {
  const place = pick.find('static_root')?.place;
  if (!config.multiTenant || config.sites.at(-1)?.staticRoot === undefined || !place) return;
  const fix = 'serve the files by an origin, or switch multi_tenant off';
  errors.add(place, 'static_root: with multi_tenant, sites have no files of this machine', fix);
}

/** Whether a loopback address leads to the listener; port 0 is not known yet. */
function reachesListener({ host, port, unix }: OriginConfig, listen: Address): boolean {
  if (unix !== undefined || port !== listen.port || port === 0) return false;
  const target = loopbackOf(host);
  if (!isLoopback(target)) return false;
  return listen.host === '::' || target === loopbackOf(listen.host) || (listen.host === '0.0.0.0' && target !== '::1');
}

/** What a host stands for when it is connected to on this machine. */
function loopbackOf(host: string): string {
  if (host === '::') return '::1';
  return host === 'localhost' || host === '0.0.0.0' ? '127.0.0.1' : host;
}

/** Each host belongs to one site. */
function checkHosts(config: Config, file: FileSettings | undefined, errors: ErrorList): void {
  const owners = new Map<string, string>();
  for (const [index, site] of config.sites.entries()) {
    for (const host of site.hosts) {
      const owner = owners.get(host);
      const layer = file?.sites?.[index]?.layer;
      const place = layer?.values.get('hosts')?.place ?? layer?.objects.get('');
      if (owner !== undefined && place)
        errors.add(place, `the host ${host} belongs to the site ${owner} already`, 'give each host to one site');
      owners.set(host, site.name);
    }
  }
}

function defaultWorkers(): number {
  return Math.max(1, Math.min(62, availableParallelism() - 1));
}

/** A quarter of what this process may use (the machine's memory, or its control group's), 8 MB to 1 GB, in whole MB. */
function defaultMemory(): number {
  const MB = 1024 * 1024;
  const limit = process.constrainedMemory();
  const available = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.max(8, Math.min(1024, Math.floor(available / 4 / MB))) * MB;
}
