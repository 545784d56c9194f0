import type { Peer } from '../peer.ts';
import { bare } from './bare.ts';
import { caddy } from './caddy.ts';
import { haproxy } from './haproxy.ts';
import { lb, lbBefore, lbLogged } from './lb.ts';
import { nginx, nginxSendfile } from './nginx.ts';
import { squid } from './squid.ts';
import { trafficserver } from './trafficserver.ts';
import { varnish, varnishLogged } from './varnish.ts';

export { lb, lbBefore };

/** The servers, each at its cheapest. */
export const MAIN_PEERS: readonly Peer[] = [lb, haproxy, nginx, varnish, trafficserver, squid, caddy];

/** Every server that can be measured, in the order of the report. */
export const PEERS: readonly Peer[] = [...MAIN_PEERS, lbLogged, bare, nginxSendfile, varnishLogged];
