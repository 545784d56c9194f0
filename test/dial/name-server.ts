import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Cleanup } from '../support/cleanup.ts';

/** What a name server says of a name: addresses of the family asked for, or a response code. */
export interface NameAnswer {
  addresses?: readonly string[];
  /** Seconds. */
  ttl?: number;
  /** How long it takes, in ms. */
  delay?: number;
  /** 0 none, 2 server failure, 3 no such name, 5 refused. */
  code?: number;
}

/** A name server on 127.0.0.1. Its answers may be changed at any time; undefined is silence. */
export interface NameServer {
  /** For `dns.servers`. */
  readonly address: string;
  /** Names asked for, with their type: `a.test A`. */
  readonly log: string[];
  answer: (name: string, type: 'A' | 'AAAA') => NameAnswer | undefined;
}

export async function startNameServer(t: Cleanup, answer: NameServer['answer']): Promise<NameServer> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const late = new Set<NodeJS.Timeout>();
  t.after(() => {
    for (const timer of late) clearTimeout(timer);
    socket.close();
  });
  const server: NameServer = { address: `127.0.0.1:${socket.address().port}`, log: [], answer };
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query);
    server.log.push(`${name} ${type}`);
    const found = server.answer(name, type);
    if (found === undefined) return;
    const send = () => socket.send(reply(query.subarray(0, end), found, type), from.port, from.address);
    if (found.delay === undefined) send();
    else late.add(setTimeout(send, found.delay));
  });
  return server;
}

function readQuestion(query: Buffer): { name: string; type: 'A' | 'AAAA'; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]; length > 0; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1) === 28 ? 'AAAA' : 'A', end: at + 5 };
}

function reply(question: Buffer, { addresses = [], ttl = 60, code = 0 }: NameAnswer, type: 'A' | 'AAAA'): Buffer {
  const ofType = addresses.filter((address) => address.includes(':') === (type === 'AAAA'));
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(ofType.length, 6);
  head.fill(0, 8, 12);
  const records = ofType.map((address) => {
    const data = type === 'A' ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
    const record = Buffer.from([0xc0, 12, 0, type === 'A' ? 1 : 28, 0, 1, 0, 0, 0, 0, 0, data.length]);
    record.writeUInt32BE(ttl, 6);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, ...records]);
}

/** Only `a::b` with single groups, which is all that the tests have. */
function ipv6Bytes(address: string): Buffer {
  const [head, tail = ''] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}
