import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Cleanup } from '../support/cleanup.ts';

/** What is asked of a name. */
type QuestionType = 'A' | 'AAAA' | 'PTR';

/** What a name server says of a name: addresses of the family asked for, names, or a response code. */
export interface NameAnswer {
  addresses?: readonly string[];
  /** For PTR. */
  names?: readonly string[];
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
  answer: (name: string, type: QuestionType) => NameAnswer | undefined;
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

const TYPES: Readonly<Record<number, QuestionType>> = { 1: 'A', 12: 'PTR', 28: 'AAAA' };

function readQuestion(query: Buffer): { name: string; type: QuestionType; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]; length > 0; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = TYPES[query.readUInt16BE(at + 1)] ?? 'A';
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 };
}

function reply(question: Buffer, answer: NameAnswer, type: QuestionType): Buffer {
  const { ttl = 60, code = 0 } = answer;
  const found = dataOf(answer, type);
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(found.length, 6);
  head.fill(0, 8, 12);
  const number = Number(Object.keys(TYPES).find((key) => TYPES[Number(key)] === type));
  const records = found.map((data) => {
    const record = Buffer.from([0xc0, 12, 0, number, 0, 1, 0, 0, 0, 0, 0, data.length]);
    record.writeUInt32BE(ttl, 6);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, ...records]);
}

function dataOf({ addresses = [], names = [] }: NameAnswer, type: QuestionType): Buffer[] {
  if (type === 'PTR') return names.map(nameBytes);
  const ofType = addresses.filter((address) => address.includes(':') === (type === 'AAAA'));
  return ofType.map((address) => (type === 'A' ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address)));
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.of(0)]);
}

/** Only `a::b` with single groups, which is all that the tests have. */
function ipv6Bytes(address: string): Buffer {
  const [head, tail = ''] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 255]));
}
