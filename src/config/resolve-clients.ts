/** Where and how clients connect: listeners, TLS, certificates, limits. */

import { formatAddress, isLoopback, parseListen } from './address.ts';
import type { AcmeConfig, Address, ClientLimits, Config, TlsConfig } from './config.ts';
import { type ErrorList, type Place, Problem } from './errors.ts';
import type { Picker } from './picker.ts';
import { textPlace } from './text-layers.ts';
import type { CertificateFiles } from './values.ts';

const TLS_LISTEN = '0.0.0.0:8443';

export function resolveTls(pick: Picker, acme: AcmeConfig, errors: ErrorList): TlsConfig {
  const certificates = resolveCertificates(pick, errors);
  const folder = pick.maybe('tls.folder');
  const hasCertificates = certificates.length > 0 || folder !== undefined || acme.domains.length > 0;
  const tls: TlsConfig = {
    listen: resolveListen(pick, hasCertificates),
    certificates,
    folder,
    minVersion: pick.text('tls.min_version') === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    http2: pick.boolean('tls.http2'),
    clientCa: pick.maybe('tls.client_ca'),
    clientAuth: pick.text('tls.client_auth') as TlsConfig['clientAuth'],
  };
  const listen = pick.find('tls.listen')?.place;
  const isBroken = ['tls.cert', 'tls.key', 'tls.certificates', 'tls.folder', 'acme.domains'].some((path) =>
    pick.isBroken(path),
  );
  if (listen && !hasCertificates && !isBroken) {
    const fix = 'give tls.cert and tls.key, tls.certificates, tls.folder or acme.domains';
    errors.add(listen, 'tls.listen: there is no certificate', fix);
  }
  const auth = pick.find('tls.client_auth')?.place;
  if (auth && tls.clientAuth !== 'off' && tls.clientCa === undefined && !pick.isBroken('tls.client_ca')) {
    const fix = "give tls.client_ca, the file with the authorities of clients' certificates";
    errors.add(auth, 'tls.client_auth: nothing says which certificates are good', fix);
  }
  const ca = pick.find('tls.client_ca')?.place;
  if (ca && tls.clientAuth === 'off' && !pick.isBroken('tls.client_auth'))
    errors.add(ca, 'tls.client_ca does nothing without tls.client_auth', 'add "client_auth": "require" or "request"');
  return tls;
}

/** Given, or the usual one where there is a certificate to show. */
function resolveListen(pick: Picker, hasCertificates: boolean): Address[] {
  if (!hasCertificates && !pick.find('tls.listen')) return [];
  const usual = parseListen(TLS_LISTEN);
  if (usual instanceof Problem) throw new Error(usual.message);
  return [...(pick.value('tls.listen', 'tls.listen', [usual]) as Address[])];
}

/** That of tls.cert and tls.key first. */
function resolveCertificates(pick: Picker, errors: ErrorList): CertificateFiles[] {
  const cert = pick.maybe('tls.cert');
  const key = pick.maybe('tls.key');
  const more = pick.items<CertificateFiles>('tls.certificates');
  if (cert !== undefined && key !== undefined) return [{ cert, key }, ...more];
  const [given, missing] = cert === undefined ? ['tls.key', 'tls.cert'] : ['tls.cert', 'tls.key'];
  const place = pick.find(given)?.place;
  if (place && !pick.isBroken(missing))
    errors.add(place, `${given} without ${missing}`, `give ${missing}, the file with its ${missing.slice(4)}`);
  return more;
}

export function resolveAcme(pick: Picker, errors: ErrorList): AcmeConfig {
  const acme: AcmeConfig = {
    domains: pick.list('acme.domains'),
    email: pick.maybe('acme.email'),
    directory: pick.text('acme.directory'),
    agreeTos: pick.boolean('acme.agree_tos'),
    challenge: pick.text('acme.challenge') as AcmeConfig['challenge'],
    caFile: pick.maybe('acme.ca_file'),
    eabKid: pick.maybe('acme.eab_kid'),
    eabKey: pick.maybe('acme.eab_key'),
  };
  const domains = pick.find('acme.domains')?.place;
  if (domains && acme.domains.length > 0 && !acme.agreeTos && !pick.isBroken('acme.agree_tos')) {
    const fix = 'read them, and add "agree_tos": true (LB_ACME_AGREE_TOS=on)';
    errors.add(domains, "acme.domains: the certificate authority's terms are not agreed to", fix);
  }
  const [given, missing] =
    acme.eabKid === undefined ? ['acme.eab_key', 'acme.eab_kid'] : ['acme.eab_kid', 'acme.eab_key'];
  const eab = pick.find(given)?.place;
  if (eab && (acme.eabKid === undefined) !== (acme.eabKey === undefined) && !pick.isBroken(missing))
    errors.add(eab, `${given} without ${missing}`, `an external account has both: give ${missing}`);
  const email = pick.find('acme.email')?.place;
  if (email && !/^[^\s@,]+@[^\s@,]+$/.test(acme.email ?? ''))
    errors.add(email, `acme.email: "${acme.email}" is no mail address`, 'write one such as admin@example.com');
  return acme;
}

export function resolveLimits(pick: Picker): ClientLimits {
  return {
    connections: pick.number('limits.connections'),
    connectionsPerAddress: pick.number('limits.connections_per_address'),
    url: pick.number('limits.url'),
    headerTimeout: pick.number('limits.header_timeout'),
    bodyTimeout: pick.number('limits.body_timeout'),
    minReceiveRate: pick.number('limits.min_receive_rate'),
    minSendRate: pick.number('limits.min_send_rate'),
    sendTimeout: pick.number('limits.send_timeout'),
    idleTimeout: pick.number('limits.idle_timeout'),
    streams: pick.number('limits.streams'),
  };
}

/** Every listener has an address of its own, and strangers do not reach the admin listener without a token. */
export function checkAddresses(config: Config, pick: Picker, fileName: string | undefined, errors: ErrorList): void {
  const admin = pick.find('admin')?.place;
  if (!isLoopback(config.admin.host) && !config.adminToken && admin && !pick.isBroken('admin_token')) {
    errors.add(
      admin,
      `admin listens on ${formatAddress(config.admin)}, which others can reach, without a token`,
      'set LB_ADMIN_TOKEN (or "admin_token"), or listen on 127.0.0.1',
    );
  }
  const listeners: [name: string, address: Address][] = [
    ...[config.listen, ...config.listenMore].map((address): [string, Address] => ['listen', address]),
    ...config.tls.listen.map((address): [string, Address] => ['tls.listen', address]),
    ['admin', config.admin],
  ];
  for (const [index, [name, address]] of listeners.entries()) {
    const [other] = listeners.slice(0, index).find(([, earlier]) => overlap(earlier, address)) ?? [];
    if (other === undefined) continue;
    const place = placeOf(pick, fileName, name, other);
    if (other === name) errors.add(place, `${name} names port ${address.port} twice`, 'remove one of the addresses');
    else errors.add(place, `${other} and ${name} are both on port ${address.port}`, 'give one of them another port');
  }
}

function placeOf(pick: Picker, fileName: string | undefined, ...paths: string[]): Place {
  for (const path of paths) {
    const place = pick.find(path)?.place;
    if (place) return place;
  }
  return textPlace(fileName ?? 'lb', '', '');
}

function overlap(a: Address, b: Address): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || isEveryHost(a.host) || isEveryHost(b.host);
}

function isEveryHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
