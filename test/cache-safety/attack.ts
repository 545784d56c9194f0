import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { OriginRequest, Scene } from '../caching/scene.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { Client, type Response, requestText } from '../support/client.ts';
import type { Field } from '../support/message.ts';

export const FRESH: Field = ['Cache-Control', 'max-age=60'];
export const STALE: Field = ['Cache-Control', 'max-age=0'];
export const HIT = 'lb; hit';

let pages = 0;

/** A path that no other test of the file asks for. */
export function newPath(suffix = ''): string {
  return `/page-${++pages}${suffix}`;
}

/** All that an origin was told, as text: what a page would look like that puts everything it is told into its body. */
export function told(request: OriginRequest): string {
  return [request.start, ...request.fields.map(([name, value]) => `${name.toLowerCase()}: ${value}`)].join('\n');
}

/** Scripts a page that may be cached and tells all that the origin was told. */
export function mirror(scene: Scene, path: string, fields: readonly Field[] = [FRESH]): void {
  scene.on(path, (request, answer) => answer.send(200, fields, told(request)));
}

/** What a victim gets from a page after an attacker has asked for it first. */
export async function afterAttack(scene: Scene, path: string, lies: readonly Field[]): Promise<Response> {
  await scene.get(path, lies);
  return scene.get(path);
}

/** That a second plain request is answered from the cache, by the answer that the first plain one got. */
export async function checkStillCached(scene: Scene, target: string, fields: readonly Field[] = []): Promise<void> {
  const first = await scene.get(target, fields);
  const second = await scene.get(target, fields);
  assert.deepEqual([second.get('cache-status'), second.text], [HIT, first.text], target);
}

/** That the answer is not one that stands in the cache. */
export function isFromOrigin(response: Response): boolean {
  return !(response.get('cache-status') ?? '').startsWith(HIT);
}

/** One request from another address of this machine. */
export async function getFrom(
  t: Cleanup,
  address: string,
  port: number,
  target: string,
  fields: readonly Field[] = [],
): Promise<Response> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: address, noDelay: true });
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  const client = new Client(socket);
  client.send(requestText('GET', target, fields));
  const response = await client.response();
  client.close();
  return response;
}
